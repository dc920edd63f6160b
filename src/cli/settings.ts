import type { RequestFilter } from '../report/filter.ts'
import type { Severity } from '../report/report.ts'
import { RESOURCES } from '../report/schema.ts'
import type { Invocation } from './commands.ts'
import { UsageError } from './errors.ts'
import { didYouMean } from './suggest.ts'

/** Reads the options of one command; every reader throws UsageError with one line. */
export interface OptionReader {
  isOn(name: string): boolean
  /** Null: not given. */
  value(name: string): string | null
  values(name: string): string[]
  /** One of a few words. */
  choice<Word extends string>(name: string, words: readonly Word[]): Word | null
  /** Any of a few words. */
  listOf<Word extends string>(name: string, words: readonly Word[]): Word[]
}

export function readOptions({ options }: Invocation): OptionReader {
  const values = (name: string): string[] => {
    const given = options[name]
    const all = given === undefined ? [] : Array.isArray(given) ? given.map(String) : [String(given)]
    if (all.includes('')) throw new UsageError(`--${name} has an empty value`)
    return all
  }
  const value = (name: string): string | null => {
    const all = values(name)
    if (all.length > 1) throw new UsageError(`--${name} is given ${all.length} times`)
    return all[0] ?? null
  }
  return {
    isOn: (name) => options[name] === true,
    value,
    values,
    choice: (name, words) => {
      const given = value(name)
      return given === null ? null : oneOf(name, given, words)
    },
    listOf: (name, words) => values(name).map((given) => oneOf(name, given, words)),
  }
}

function oneOf<Word extends string>(option: string, given: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === given)
  if (found === undefined)
    throw new UsageError(
      `--${option} ${given}: must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}${didYouMean(given, words)}`,
    )
  return found
}

/** Files with keys and secrets, as the options name them; not yet looked at. */
export interface KeyFiles {
  readonly keyLogs: readonly string[]
  readonly tlsKeys: readonly string[]
  readonly accountKeys: readonly string[]
  readonly eabKeys: Readonly<Record<string, string>>
}

export function readKeyFiles(options: OptionReader): KeyFiles {
  const eabKeys: [kid: string, file: string][] = options.values('eab-key').map((pair) => {
    // a key identifier may hold "=" (base64), so a file name must not
    const at = pair.lastIndexOf('=')
    if (at <= 0 || at === pair.length - 1) throw new UsageError(`--eab-key ${pair}: must be KID=FILE`)
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  return {
    keyLogs: options.values('keylog'),
    tlsKeys: options.values('tls-key'),
    accountKeys: options.values('account-key'),
    eabKeys: Object.fromEntries(eabKeys),
  }
}

/** Files of the client's own side, not yet looked at. */
export interface EvidenceFiles {
  readonly kubernetes: readonly string[]
  readonly logs: readonly string[]
}

export function readEvidenceFiles(options: OptionReader): EvidenceFiles {
  return { kubernetes: options.values('kubernetes'), logs: options.values('log') }
}

export interface Depth {
  readonly verify: boolean
  readonly crossCheck: boolean
  readonly hash: boolean
}

export function readDepth(options: OptionReader): Depth {
  return { verify: !options.isOn('no-verify'), crossCheck: options.isOn('cross-check'), hash: options.isOn('hash') }
}

export function readFilter(options: OptionReader): RequestFilter {
  return {
    host: options.value('host'),
    port: readPort(options.value('port')),
    since: readTime('since', options.value('since')),
    until: readTime('until', options.value('until')),
    resources: options.listOf('resource', RESOURCES),
    onlyFailing: options.isOn('only-failing'),
  }
}

function readPort(given: string | null): number | null {
  if (given === null) return null
  const port = Number(given)
  if (!/^\d{1,5}$/.test(given) || port > 65_535) throw new UsageError(`--port ${given}: must be a number from 0 to 65535`)
  return port
}

const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * ISO 8601 as the report prints times, to compare as text. What is left out is the beginning of the period for `since` and its end for
 * `until` ("2026-01-02" is that whole day); without an offset the time is UTC.
 */
function readTime(name: 'since' | 'until', given: string | null): string | null {
  if (given === null) return null
  const [, day = '', minute, second, fraction, zone] = ISO_TIME.exec(given) ?? []
  const late = name === 'until'
  const offset =
    zone === undefined || zone.toUpperCase() === 'Z' ? 'Z' : zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`
  const micros = (fraction ?? '').padEnd(6, late ? '9' : '0').slice(0, 6)
  const clock = `${minute ?? (late ? '23:59' : '00:00')}:${second ?? (late ? '59' : '00')}`
  const milliseconds = Date.parse(`${day}T${clock}.${micros.slice(0, 3)}${offset}`)
  if (day === '' || Number.isNaN(milliseconds))
    throw new UsageError(`--${name} ${given}: must be an ISO 8601 time such as 2026-01-02T03:04:05Z`)
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${micros.slice(3)}Z`
}

export const FAIL_ON = ['error', 'warning', 'never'] as const

/** What --fail-on names: the mildest severity that makes the exit status 1; null for never. */
export function readFailOn(options: OptionReader): Severity | null {
  const given = options.choice('fail-on', FAIL_ON)
  return given === 'never' ? null : (given ?? 'error')
}
