import { closeSync, openSync, readSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { ConfigChoice } from '../config.ts'
import { type Catalogued, LEVELS, type Level } from '../rules/rule.ts'
import { UsageError } from './errors.ts'
import { checkReadable, explaining, isReadableFile } from './files.ts'
import type { Io } from './io.ts'
import type { OptionReader } from './settings.ts'
import { didYouMean } from './suggest.ts'

/** What a configuration file is called where it is looked for: in the working directory and in every folder above it. */
export const CONFIG_NAME = 'acmescope.config.json'

/** Octets of a configuration file; a longer one is something else. */
const MAX_CONFIG = 1024 * 1024
const MEMBERS: readonly string[] = ['$schema', 'rules']

export interface Config {
  readonly choice: ConfigChoice
  /** Path of the file in force; null when there is none. */
  readonly path: string | null
}

/** What `--config`, `--no-config`, `--rule` and a file found above the working directory change. @throws UsageError with one line */
export async function readConfig(io: Io, options: OptionReader): Promise<Config> {
  const named = options.value('config')
  if (named !== null && options.isOn('no-config')) throw new UsageError('--config and --no-config exclude each other')
  const path = named ?? (options.isOn('no-config') ? null : findConfig(io.folder))
  const given = options.values('rule')
  if (path === null && given.length === 0) return { choice: { file: null, fromFile: {}, fromOptions: {} }, path: null }
  const catalogue = await io.loadCatalogue()
  const fromFile = path === null ? {} : readFile(path, named ?? shownAs(io.folder, path), catalogue)
  const fromOptions: Record<string, Level> = {}
  for (const pair of given) {
    const [id = '', level, more] = pair.split('=')
    if (level === undefined || more !== undefined)
      throw new UsageError(`--rule ${pair}: must be ID=off, ID=info, ID=warning or ID=error`)
    fromOptions[knownId(id, catalogue, `--rule ${pair}`)] = knownLevel(level, `--rule ${pair}`)
  }
  return { choice: { file: path === null ? null : (named ?? shownAs(io.folder, path)), fromFile, fromOptions }, path }
}

function findConfig(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, CONFIG_NAME)
    if (isReadableFile(path)) return path
    if (dirname(at) === at) return null
  }
}

/** As seen from the working directory: a report that is handed on need not name the folders above it. */
function shownAs(folder: string, path: string): string {
  return relative(folder, path)
}

function readFile(path: string, name: string, catalogue: readonly Catalogued[]): Record<string, Level> {
  checkReadable(path, 'file')
  const document = parse(
    explaining(path, () => readText(path)),
    name,
  )
  for (const member of Object.keys(document))
    if (!MEMBERS.includes(member)) throw new UsageError(`${name}: unknown member ${member}${didYouMean(member, MEMBERS)}`)
  const levels: Record<string, Level> = {}
  const { rules = {} } = document
  if (!isObject(rules)) throw new UsageError(`${name}: rules must be an object of levels by rule id`)
  for (const [id, level] of Object.entries(rules)) levels[knownId(id, catalogue, name)] = knownLevel(level, `${name}: ${id}`)
  return levels
}

function readText(path: string): string {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(MAX_CONFIG + 1)
    let size = 0
    for (let got = -1; got !== 0 && size < bytes.length; size += got) got = readSync(file, bytes, size, bytes.length - size, null)
    if (size > MAX_CONFIG) throw new UsageError(`${path}: is too large for a configuration file`)
    return new TextDecoder().decode(bytes.subarray(0, size))
  } finally {
    closeSync(file)
  }
}

function parse(text: string, name: string): Record<string, unknown> {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${name}: is not JSON: ${error.message}`)
    throw error
  }
  if (!isObject(document)) throw new UsageError(`${name}: must be a JSON object`)
  return document
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function knownId(id: string, catalogue: readonly Catalogued[], where: string): string {
  const ids = catalogue.map((entry) => entry.id)
  if (!ids.includes(id)) throw new UsageError(`${where}: no rule ${id}${didYouMean(id, ids) || '; acmescope rules lists them'}`)
  return id
}

function knownLevel(level: unknown, where: string): Level {
  const found = LEVELS.find((one) => one === level)
  if (found === undefined)
    throw new UsageError(
      `${where}: a level is off, info, warning or error${typeof level === 'string' ? didYouMean(level, LEVELS) : ''}`,
    )
  return found
}
