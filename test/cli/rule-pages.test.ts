import test from 'ava'
import { rulePage } from '../../src/cli/rule-page.ts'
import type { Header } from '../../src/http/exchange.ts'
import { DEFAULT_RENDER_OPTIONS, openPen } from '../../src/report/page.ts'
import type { Catalogued, Group } from '../../src/rules/rule.ts'
import { RULES } from '../../src/rules/rules.ts'
import { type Bend, Key, Session } from '../support/session.ts'

const pen = openPen(DEFAULT_RENDER_OPTIONS)
const pages = new Map(RULES.map((rule) => [rule.id, [...rulePage(pen, rule)].join('')]))

/** Groups that a client's author reads about: each page says why, and shows how. */
const TOLD: ReadonlySet<Group> = new Set([
  'transport',
  'jws',
  'kid',
  'jwk',
  'nonce',
  'url',
  'signature',
  'account',
  'eab',
  'order',
  'finalize',
  'revocation',
  'key-change',
])

/** Lines of one section, without their indent. */
function section(id: string, title: string): string | null {
  const page = pages.get(id) ?? ''
  const start = page.indexOf(`\n${title}\n`)
  if (start < 0) return null
  const end = page.indexOf('\n\n', start + 1)
  return page
    .slice(start + title.length + 2, end < 0 ? undefined : end)
    .replace(/\s+/g, ' ')
    .trim()
}

test('every page says what, how, and what to do', (t) => {
  for (const { id, title, norm, decide, remedy } of RULES) {
    t.true(pages.get(id)?.startsWith(`${id}: `), id)
    t.true((pages.get(id) ?? '').replace(/\s+/g, ' ').includes(title.replace(/\s+/g, ' ')), id)
    for (const [name, text] of [
      ['What the norm says', norm],
      ['How it is decided', decide],
      ['What to do', remedy],
    ] as const)
      t.true(section(id, name)?.startsWith(text.replace(/\s+/g, ' ').slice(0, 40)), `${id}: ${name}`)
  }
})

test('pages about clients say why, and show an example of each kind', (t) => {
  for (const { id, group, party, why, examples } of RULES) {
    if (party === 'server' || !TOLD.has(group)) continue
    t.true((why ?? '').length > 20, `${id} has no why`)
    t.truthy(section(id, 'Why it matters'), id)
    t.regex(section(id, 'Example') ?? '', /^Fails .* Passes /, id)
    t.not(examples?.fails, examples?.passes, id)
  }
})

test('what a client has to do stands under its name', (t) => {
  const page = section('kid-required', 'What to do') ?? ''
  for (const client of ['cert-manager', 'certbot', 'lego', 'acme.sh']) t.true(page.includes(` ${client} `), client)
})

test('examples that look like JSON are JSON', (t) => {
  for (const { id, examples } of RULES)
    for (const text of Object.values(examples ?? {}))
      if (/^[[{]/.test(text)) t.notThrows(() => JSON.parse(text), `${id}: ${text}`)
})

const NONCE = 'oFvnlFP1wIhRlYS2jTaXbA'
const DEFAULTS = ['alg', 'kid', 'jwk', 'nonce', 'url']
const ORDER = { identifiers: [{ type: 'dns', value: 'www.example' }] }

type Shown = Record<string, unknown>

interface Sending {
  readonly session: Session
  readonly key: Key
  readonly text: string
  readonly target: string
  readonly answer: Partial<Bend>
}

/** How an example is sent: as the protected header, the payload, the members of the JWS or a header field. */
const SENDERS = {
  header({ session, key, text, target, answer }) {
    const shown = JSON.parse(text) as Shown
    const nonce = session.nonce()
    if (typeof shown.nonce === 'string') shown.nonce = shown.nonce.replace(NONCE, nonce)
    if (shown.jwk !== undefined) shown.jwk = { ...(shown.jwk as Shown), ...key.jwk }
    send(session, key, target, { ...answer, nonce, header: shown, drop: DEFAULTS.filter((name) => shown[name] === undefined) })
  },
  jwk({ session, key, text, answer }) {
    send(session, key, 'newAccount', { ...answer, header: { jwk: { ...(JSON.parse(text) as Shown), ...key.jwk } } })
  },
  payload({ session, key, text, target, answer }) {
    send(session, key, target, { ...answer, payload: text.startsWith('{') ? JSON.parse(text) : text })
  },
  members({ session, key, text, target, answer }) {
    const shown = JSON.parse(text) as Shown
    const members = { protected: null, payload: undefined, signature: null, ...shown } as Shown
    for (const [name, value] of Object.entries(members))
      if (value === null || (typeof value === 'string' && value.includes('…'))) delete members[name]
    send(session, key, target, { ...answer, members })
  },
  field({ session, key, text, target, answer }) {
    const [name = '', value = ''] = text.split(/: ?/, 2)
    const fields: Header[] = [['Content-Type', 'application/jose+json']]
    const others = fields.filter(([other]) => other !== name)
    send(session, key, target, {
      ...answer,
      headers: text.startsWith('{') || name === 'User-Agent' ? fields : [...others, [name, value]],
      dropHeaders: name === 'User-Agent' && value === '' ? ['User-Agent'] : [],
    })
  },
} satisfies Record<string, (shown: Sending) => void>

function send(session: Session, key: Key, target: string, bend: Partial<Bend>): void {
  session.post(key, target, target === 'newAccount' ? { termsOfServiceAgreed: true } : ORDER, {
    ...bend,
  })
}

/** What a CA that looks closely answers. */
const ANSWERS = {
  fails: { status: 400, problem: ['malformed', 'malformed'] },
  passes: { status: 201, answer: {} },
} as const

const SENT: Readonly<Record<string, readonly [how: keyof typeof SENDERS, target: string]>> = {
  'kid-required': ['header', 'newOrder'],
  'kid-jwk-exclusive': ['header', 'newOrder'],
  'kid-jwk-both-absent': ['header', 'newOrder'],
  'kid-not-account-url': ['header', 'newOrder'],
  'kid-location-mismatch': ['header', 'newOrder'],
  'kid-forbidden': ['header', 'newAccount'],
  'jwk-required': ['header', 'newAccount'],
  'jwk-forbidden': ['header', 'newOrder'],
  'jwk-private-members': ['jwk', 'newAccount'],
  'nonce-missing': ['header', 'newOrder'],
  'nonce-encoding': ['header', 'newOrder'],
  'url-missing': ['header', 'newOrder'],
  'url-mismatch': ['header', 'newOrder'],
  'url-not-as-issued': ['header', 'newOrder'],
  'url-not-absolute-https': ['header', 'newOrder'],
  'alg-forbidden': ['header', 'newOrder'],
  'alg-key-mismatch': ['header', 'newAccount'],
  'crit-header': ['header', 'newOrder'],
  'unencoded-payload': ['header', 'newOrder'],
  'protected-header-malformed': ['header', 'newOrder'],
  'payload-not-json': ['payload', 'newOrder'],
  'legacy-resource-field': ['payload', 'newOrder'],
  'order-identifiers': ['payload', 'newOrder'],
  'order-wildcard-form': ['payload', 'newOrder'],
  'order-ip-form': ['payload', 'newOrder'],
  'order-validity-dates': ['payload', 'newOrder'],
  'account-contact-mailto': ['payload', 'newAccount'],
  'account-contact-scheme': ['payload', 'newAccount'],
  'account-lookup-payload': ['payload', 'newAccount'],
  'unprotected-header': ['members', 'newOrder'],
  'payload-member-missing': ['members', 'newOrder'],
  'base64url-strict': ['members', 'newOrder'],
  'base64url-noncanonical': ['members', 'newOrder'],
  'signature-missing': ['members', 'newOrder'],
  'content-type-jose': ['field', 'newOrder'],
  'user-agent-required': ['field', 'newOrder'],
  'replay-nonce-in-request': ['field', 'newOrder'],
}

for (const [id, [how, target]] of Object.entries(SENT))
  for (const part of ['fails', 'passes'] as const)
    test(`example of ${id}: what ${part}, ${part}`, async (t) => {
      const rule: Catalogued | undefined = RULES.find((candidate) => candidate.id === id)
      const text = rule?.examples?.[part]
      if (text === undefined) return t.fail(`${id} has no example`)
      const session = new Session().begin()
      const key = new Key('1')
      session.register(key)
      SENDERS[how]({ session, key, text, target, answer: ANSWERS[part] })
      const findings = (await session.judge()).at(-1)?.findings.filter((finding) => finding.rule.id === id) ?? []
      if (part === 'fails') t.is(findings.length, 1)
      // A note is no fault: the names of examples are not those of real hosts.
      else
        t.deepEqual(
          findings.filter(({ verdict }) => verdict.severity !== 'info'),
          [],
        )
    })
