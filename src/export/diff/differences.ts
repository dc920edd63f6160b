import { isRefused } from '../../report/conduct.ts'
import { problemName } from '../../report/phrases.ts'
import { CHECK_NAMES, type ReportRequest } from '../../report/report.ts'
import { isRead } from './roles.ts'
import { isDead, lackingIn, membersOf, offeredIn, payloadKind, requiresBinding, statusIn, statusText } from './shape.ts'
import type { Sight, Step } from './steps.ts'

/**
 * 'matters': the sessions went, or were asked to go, another way. 'unclear': a capture lacks what would tell. 'minor': timing, taste or
 * configuration.
 */
export type Weight = 'matters' | 'unclear' | 'minor'

/** Something in which the two captures differ at one step; texts quote the captures and are not yet safe to show. */
export interface Difference {
  readonly aspect: string
  readonly weight: Weight
  /** Of what became of the request, not of what it asked. */
  readonly outcome: boolean
  readonly good: string
  readonly bad: string
}

/** What the two requests that decided a step, and their answers, differ in: what was sent first, then what came of it. */
export function differencesOf(good: Step, bad: Step, hasLosses: boolean): Difference[] {
  const [a, b] = [good.last, bad.last]
  if (good.role === 'validation') return comparing(false, hasLosses).status(a, b)
  return [...requestDifferences(a.request, b.request), ...comparing(isRead(good.role), hasLosses).answers(good.role, a, b)]
}

function of(aspect: string, weight: Weight, outcome: boolean, good: string | null, bad: string | null): Difference[] {
  return good === bad ? [] : [{ aspect, weight, outcome, good: good ?? 'none', bad: bad ?? 'none' }]
}

function requestDifferences(good: ReportRequest, bad: ReportRequest): Difference[] {
  const sent = (aspect: string, weight: Weight, read: (request: ReportRequest) => string | null) =>
    of(aspect, weight, false, read(good), read(bad))
  const isNonceFetch = good.resource === 'newNonce'
  const all = [
    ...sent('method', isNonceFetch ? 'minor' : 'matters', ({ method }) => method),
    ...sent('content type', 'matters', ({ contentType }) => mediaType(contentType)),
  ]
  if (good.protected === null || bad.protected === null) {
    const signed = ({ protected: header }: ReportRequest) =>
      header === null ? 'no readable protected header' : 'signed as a JWS'
    return [...all, ...sent('signing', 'matters', signed)]
  }
  return [
    ...all,
    ...sent('key identification', 'matters', identification),
    ...sent('alg', 'matters', ({ protected: header }) => text(header?.alg)),
    ...sent('protected header', 'matters', parameters),
    ...payloadDifferences(good, bad),
  ]
}

/** "kid", "jwk", "kid and jwk", "neither kid nor jwk" in the protected header (RFC 8555 6.2). */
export function identification({ protected: header }: ReportRequest): string {
  const names = ['kid', 'jwk'].filter((name) => header !== null && Object.hasOwn(header, name))
  return names.length === 0 ? 'neither kid nor jwk' : names.join(' and ')
}

function parameters({ protected: header }: ReportRequest): string {
  const names = Object.keys(header ?? {}).filter((name) => name !== 'kid' && name !== 'jwk')
  return names.sort().join(', ') || 'no parameters'
}

function payloadDifferences(good: ReportRequest, bad: ReportRequest): Difference[] {
  const kinds = of('payload', 'matters', false, payloadKind(good.payload), payloadKind(bad.payload))
  if (kinds.length > 0 && (good.payload === '' || bad.payload === '')) return kinds
  const [before, after] = [byPath(good.payload), byPath(bad.payload)]
  const paths = [...new Set([...before.keys(), ...after.keys()])].slice(0, 20)
  return paths.flatMap((path) => {
    // within an object that one side lacks as a whole there is nothing more to say
    const parent = path.replace(/(?:\[\])?\.[^.]*$/, '')
    if (parent !== path && before.has(parent) !== after.has(parent)) return []
    const light = (before.get(path) ?? after.get(path))?.light === true
    return of(
      `payload ${path}`,
      light ? 'minor' : 'matters',
      false,
      before.get(path)?.value ?? 'absent',
      after.get(path)?.value ?? 'absent',
    )
  })
}

function byPath(payload: unknown): Map<string, { value: string; light: boolean }> {
  const members = new Map<string, { value: string; light: boolean }>()
  for (const { path, value, light } of membersOf(payload)) {
    const known = members.get(path)
    if (known === undefined) members.set(path, { value, light })
    else known.value += `, ${value}`
  }
  return members
}

/** Of the answers; `reads` says that they only report how far something has come. */
function comparing(reads: boolean, hasLosses: boolean) {
  const answers = (role: string, a: Sight, b: Sight): Difference[] => {
    const [good, bad] = [a.request.response, b.request.response]
    const outcome = status(a, b)
    if (good === null || bad === null) return [...outcome, ...judgements(a.request, b.request)]
    const came = (aspect: string, weight: Weight, before: string | null, after: string | null) =>
      of(aspect, weight, true, before, after)
    const bothWell = good.status < 300 && bad.status < 300
    const types = came(
      'answer content type',
      isRefused(a.request) ? 'minor' : 'matters',
      mediaType(good.contentType),
      mediaType(bad.contentType),
    )
    const nonce = (value: string | null) => (value === null ? 'absent' : 'present')
    const isSigned = a.request.protected !== null && b.request.protected !== null
    return [
      ...outcome,
      ...(outcome.some(({ weight }) => weight === 'matters') && !bothWell ? [] : types),
      ...(isSigned ? came('Replay-Nonce', 'matters', nonce(good.replayNonce), nonce(bad.replayNonce)) : []),
      ...(bothWell ? came('Location', reads ? 'minor' : 'matters', nonce(good.location), nonce(bad.location)) : []),
      ...(bothWell ? objects(role, a, b) : []),
      ...judgements(a.request, b.request),
    ]
  }

  const status = (a: Sight, b: Sight): Difference[] => {
    const [good, bad] = [a.request.response, b.request.response]
    if (good === null && bad === null) return []
    if (good === null || bad === null)
      return of('answer', hasLosses ? 'unclear' : 'matters', true, answerOf(a.request), answerOf(b.request))
    if (isRefused(a.request) !== isRefused(b.request) || kindOf(good.status) !== kindOf(bad.status))
      return of('answer', 'matters', true, answerOf(a.request), answerOf(b.request))
    if (!isRefused(a.request)) return of('answer', 'minor', true, String(good.status), String(bad.status))
    const sameProblem = good.problem?.type === bad.problem?.type && good.status === bad.status
    return of('answer', sameProblem ? 'minor' : 'matters', true, answerOf(a.request), answerOf(b.request))
  }

  return { answers, status }
}

/** 2 for success, 3 for a redirect, and so on. */
function kindOf(status: number): number {
  return Math.floor(status / 100)
}

/** "201", "400 malformed "…"", "no answer captured" */
export function answerOf({ response }: ReportRequest): string {
  if (response === null) return 'no answer captured'
  const { problem } = response
  if (problem === null) return String(response.status)
  const parts = [String(response.status), problem.type === null ? null : problemName(problem.type)]
  if (problem.detail !== null && problem.detail !== '') parts.push(`"${problem.detail}"`)
  return parts.filter((part) => part !== null).join(' ')
}

function objects(role: string, { answer: good }: Sight, { answer: bad }: Sight): Difference[] {
  const all: Difference[] = []
  const [before, after] = [statusIn(good), statusIn(bad)]
  if (before !== null && after !== null && before !== after) {
    const weight = isDead(before) === isDead(after) ? 'minor' : 'matters'
    all.push(...of('status in the answer', weight, true, statusText(good), statusText(bad)))
  }
  const [had, has] = [lackingIn(role, good), lackingIn(role, bad)]
  if (had !== null && has !== null) {
    const words = (names: readonly string[]) => (names.length === 0 ? 'all there' : `without ${names.join(', ')}`)
    all.push(...of('members of the answer', 'matters', true, words(had), words(has)))
  }
  if (role === 'directory') {
    const words = (value: boolean | null) => (value === null ? null : value ? 'required' : 'not required')
    const [needed, needs] = [words(requiresBinding(good)), words(requiresBinding(bad))]
    if (needed !== null && needs !== null) all.push(...of('external account binding', 'matters', true, needed, needs))
  }
  const [offered, offers] = [offeredIn(good), offeredIn(bad)]
  if (offered !== null && offers !== null) all.push(...of('challenges offered', 'minor', true, offered, offers))
  if (role === 'challenge') all.push(...of('challenge type', 'matters', false, typeIn(good), typeIn(bad)))
  return all
}

function typeIn(answer: unknown): string | null {
  return text((answer as { type?: unknown } | null)?.type)
}

/** Checks that fail on one side alone, and errors that only one side's rules found; what a capture cannot tell is no difference. */
function judgements(good: ReportRequest, bad: ReportRequest): Difference[] {
  const all: Difference[] = []
  const [before, after] = [rulesBroken(good), rulesBroken(bad)]
  for (const rule of new Set([...before.keys(), ...after.keys()])) {
    const found = before.get(rule) ?? after.get(rule)
    if (found !== undefined && before.has(rule) !== after.has(rule))
      all.push(...of(`rule ${rule}`, found.weight, true, before.get(rule)?.message ?? 'kept', after.get(rule)?.message ?? 'kept'))
  }
  for (const name of CHECK_NAMES) {
    const [passed, passes] = [good.checks[name], bad.checks[name]]
    const isTold = all.some(({ aspect, weight }) => weight === 'matters' && aspect.startsWith(`rule ${name}-`))
    if (!isTold && (passed === 'fail') !== (passes === 'fail') && passed !== 'unknown' && passes !== 'unknown')
      all.push(...of(`check of ${name}`, 'matters', true, CHECKED[passed], CHECKED[passes]))
  }
  return all
}

const CHECKED = { pass: 'passed', fail: 'failed', unknown: 'cannot be told', 'not-applicable': 'does not apply' } as const

function rulesBroken({ findings }: ReportRequest): Map<string, { weight: Weight; message: string }> {
  const judged = findings.filter(({ party, severity }) => party !== 'capture' && severity !== 'info')
  return new Map(
    judged.map(({ rule, severity, message }) => [rule, { weight: severity === 'error' ? 'matters' : 'minor', message }]),
  )
}

function mediaType(value: string | null): string {
  return value === null ? 'none' : (value.split(';')[0]?.trim().toLowerCase() ?? 'none')
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : value === undefined ? null : (JSON.stringify(value) ?? null)
}
