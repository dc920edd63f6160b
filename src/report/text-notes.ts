import { alike } from './likeness.ts'
import { hanging, type Page } from './page.ts'
import { counted, numberRuns } from './phrases.ts'
import type { ReportConnection, ReportDamage } from './report.ts'

const MAX_NOTES = 12

function* notes(page: Page, title: string, texts: readonly string[]): Iterable<string> {
  if (texts.length === 0) return
  const shown = page.options.verbose ? texts : texts.slice(0, MAX_NOTES)
  yield page.styles.strong(title)
  yield ''
  for (const text of shown) yield* hanging(page, '- ', text, 2)
  if (shown.length < texts.length) yield `  ${counted(texts.length - shown.length, 'more note')}: --verbose shows all.`
}

export function unknownLines(page: Page): Iterable<string> {
  return notes(page, 'What this capture cannot tell', unknownTexts(page))
}

/** Checks that this capture cannot decide, by check and reason. */
export function unknownTexts(page: Page): string[] {
  const entries = page.report.requests.flatMap((request) => request.unknown.map((entry) => ({ id: request.id, ...entry })))
  const groups = page.options.verbose
    ? alike(
        entries,
        (entry) => [entry.check, entry.code, entry.reason],
        () => '',
      )
    : alike(
        entries,
        (entry) => [entry.check, entry.code],
        (entry) => entry.reason,
      )
  return groups.flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const ids = [...new Set(group.map(({ id }) => id))]
    const requests = ids.length === 1 ? `request ${ids[0]}` : `requests ${numberRuns(ids)}`
    return [`${page.safe(first.check, 60)} of ${requests}: ${page.safe(first.reason)} (${page.safe(first.code, 20)})`]
  })
}

export function undecryptedLines(page: Page): Iterable<string> {
  return notes(page, 'Not decrypted', undecryptedTexts(page))
}

/** TLS connections without secrets, by server and reason. */
export function undecryptedTexts(page: Page): string[] {
  const closed = page.report.connections.filter((connection) => connection.tls !== null && !connection.tls.decrypted)
  const groups = alike(
    closed,
    (connection) => [serverOf(connection), connection.tls?.reason ?? ''],
    () => '',
  )
  return groups.flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const reason = first.tls?.reason ?? null
    return [
      `${counted(group.length, 'connection')} to ${page.safe(serverOf(first), 200)}${reason === null ? '' : `: ${page.safe(reason)}`}`,
    ]
  })
}

function serverOf({ tls, server }: ReportConnection): string {
  if (tls?.serverName == null) return server ?? 'an unknown server'
  return server === null ? tls.serverName : `${tls.serverName} (${server})`
}

export function damageLines(page: Page): Iterable<string> {
  return notes(page, 'Damage in the capture', damageTexts(page))
}

/** What the capture lacks or garbles: nobody's fault, but the reason for each "cannot tell". */
export function damageTexts(page: Page): string[] {
  const { inputs, connections } = page.report
  const many = inputs.length > 1
  const ofInputs = inputs.flatMap((input) =>
    input.damage.map(
      (damage) => `${many ? `${page.safe(input.name, 80)}: ` : ''}${damageText(page, damage, input.format === 'har')}`,
    ),
  )
  const byConnection = connections.flatMap((connection) => connection.damage.map((damage) => ({ connection, damage })))
  const groups = alike(
    byConnection,
    ({ damage }) => [damage.layer, damage.kind],
    ({ damage }) => damage.detail,
  )
  const ofConnections = groups.flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const count = group.reduce((sum, { damage }) => sum + damage.count, 0)
    const where = group.length === 1 ? connectionName(page, first.connection) : counted(group.length, 'connection')
    const har = inputs[first.connection.input]?.format === 'har'
    return [`${damageText(page, { ...first.damage, count }, har)}, ${where}`]
  })
  return [...ofInputs, ...ofConnections]
}

function connectionName(page: Page, { client, server }: ReportConnection): string {
  return `${page.safe(client ?? 'unknown client', 80)} to ${page.safe(server ?? 'unknown server', 80)}`
}

/** Where the damage lies, in the reader's words; the detail says of what kind it is. */
const LAYERS: Readonly<Record<string, string>> = {
  capture: 'File',
  link: 'Link layer',
  ip: 'IP',
  tcp: 'TCP',
  tls: 'TLS',
  http: 'HTTP',
  har: 'HAR',
  jose: 'JWS',
  acme: 'ACME',
}

function damageText(page: Page, damage: ReportDamage, har: boolean): string {
  const times = damage.count > 1 ? `, ${counted(damage.count, 'time')}` : ''
  const place =
    damage.firstFrame === null ? '' : ` (${damage.count > 1 ? 'first in ' : ''}${har ? 'entry' : 'frame'} ${damage.firstFrame})`
  return `${LAYERS[damage.layer] ?? page.safe(damage.layer, 20)}: ${page.safe(damage.detail)}${times}${place}`
}
