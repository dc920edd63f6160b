import { hanging, labelled, type Pen } from '../report/page.ts'
import { UNKNOWN_CODES } from '../report/unknown-codes.ts'
import { padEnd } from '../report/width.ts'
import type { Catalogued, Rule } from '../rules/rule.ts'

type Entry = Catalogued & Partial<Pick<Rule, 'explains' | 'resources'>>

const GROUPS: Readonly<Record<Catalogued['group'], string>> = {
  transport: 'Transport: HTTP around the signed request',
  jws: 'JWS: the shape of the signed request',
  kid: 'kid: naming the account',
  jwk: 'jwk: the public key',
  nonce: 'Nonce',
  url: 'url',
  signature: 'Signature',
  account: 'Accounts',
  eab: 'External account binding',
  order: 'Orders',
  authorization: 'Authorizations',
  challenge: 'Challenges',
  finalize: 'Finalization',
  certificate: 'Certificates',
  revocation: 'Revocation',
  'key-change': 'Key change',
  ari: 'Renewal information',
  server: "The server's answers",
  capture: 'The capture',
  session: 'Diagnoses: why requests failed, over several of them',
}

/** All entries, a line each, by group. */
export function* ruleList(pen: Pen, entries: readonly Entry[]): Iterable<string> {
  const { styles } = pen
  const id = Math.max(...entries.map((entry) => entry.id.length))
  for (const [group, title] of Object.entries(GROUPS)) {
    const members = entries.filter((entry) => entry.group === group).sort((a, b) => (a.id < b.id ? -1 : 1))
    if (members.length === 0) continue
    yield `${styles.strong(title)}\n`
    for (const entry of members) {
      const [first = '', ...rest] = hanging(pen, ' '.repeat(id + 18), pen.safe(entry.title), 2)
      const severity = padEnd(entry.severity, 7)
      const paint = { error: styles.bad, warning: styles.warn, info: styles.quiet }[entry.severity]
      yield `  ${padEnd(entry.id, id)}  ${paint(severity)} ${padEnd(entry.party, 7)} ${first.trimStart()}\n`
      for (const line of rest) yield `${line}\n`
    }
    yield '\n'
  }
  yield 'acmescope rules ID explains one.\n'
}

/** One entry like a manual page, from its own fields. */
export function* rulePage(pen: Pen, entry: Entry): Iterable<string> {
  yield `${pen.styles.strong(entry.id)}: ${pen.safe(entry.title)}\n\n`
  const facts = [
    ...labelled(pen, 'Judges', PARTIES[entry.party]),
    ...labelled(pen, 'Severity', entry.severity === 'info' ? 'info' : `${entry.severity} at most`),
    ...labelled(
      pen,
      'Looks at',
      `${LEVELS[entry.level]}${entry.resources === undefined ? '' : ` (${entry.resources.join(', ')})`}`,
    ),
    ...labelled(pen, 'References', pen.safe(entry.references.join(', ') || 'none')),
  ]
  for (const line of facts) yield `${line}\n`
  for (const [title, lines] of sectionsOf(pen, entry)) {
    if (lines.length === 0) continue
    yield `\n${pen.styles.strong(title)}\n`
    for (const line of lines) yield `${line}\n`
  }
}

const PARTIES: Readonly<Record<Catalogued['party'], string>> = {
  client: 'the client',
  server: 'the server',
  either: 'client, server or proxy, as the case decides',
  capture: 'nobody: it speaks of the limits of the capture',
}

const LEVELS: Readonly<Record<Catalogued['level'], string>> = {
  request: 'the request alone',
  exchange: 'the request and its answer',
  session: 'the whole session',
  capture: 'the capture',
}

/** Names of clients are longer than those of servers. */
function fixOf(pen: Pen, client: string, words: string): string[] {
  return labelled(pen, pen.safe(client), pen.safe(words, Infinity), { column: 14 })
}

function sectionsOf(pen: Pen, entry: Entry): [title: string, lines: string[]][] {
  const text = (words: string) => hanging(pen, '', pen.safe(words, Infinity), 2)
  const named = (name: string, words: string) => labelled(pen, pen.safe(name), pen.safe(words, Infinity), { column: 10 })
  const { types = [], details = [] } = entry.explains ?? {}
  const { fixes = {}, examples } = entry
  const programs = Object.entries(entry.inPractice)
  const column = Math.max(10, ...programs.map(([name]) => name.length + 2))
  return [
    ['Why it matters', entry.why === undefined ? [] : text(entry.why)],
    ['What the norm says', text(entry.norm)],
    ['How it is decided', text(entry.decide)],
    ['When it is unknown', entry.unknownWhen.flatMap((code) => named(code, UNKNOWN_CODES[code].meaning))],
    ['Traps', entry.traps.flatMap((trap) => hanging(pen, '- ', pen.safe(trap, Infinity), 2))],
    ['In practice', programs.flatMap(([name, words]) => labelled(pen, pen.safe(name), pen.safe(words, Infinity), { column }))],
    [
      'Which refusals it explains',
      types.length === 0
        ? []
        : [
            ...named('Type', types.join(', ')),
            ...(details.length === 0 ? [] : named('Detail', `one that matches ${details.map(String).join(' or ')}`)),
          ],
    ],
    ['What to do', [...text(entry.remedy), ...Object.entries(fixes).flatMap(([client, words]) => fixOf(pen, client, words))]],
    [
      'Example',
      examples === undefined
        ? []
        : [
            ...labelled(pen, 'Fails', pen.safe(examples.fails, Infinity), { column: 10 }),
            ...labelled(pen, 'Passes', pen.safe(examples.passes, Infinity), { column: 10 }),
          ],
    ],
  ]
}
