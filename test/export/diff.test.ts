import { readFileSync } from 'node:fs'
import test from 'ava'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { exportHar } from '../../src/analyze.ts'
import { compare } from '../../src/compare.ts'
import type { Comparison } from '../../src/export/diff/compare.ts'
import { renderDiffMarkdown } from '../../src/export/diff/markdown.ts'
import { redactComparison } from '../../src/export/diff/redact.ts'
import { renderDiffText } from '../../src/export/diff/text.ts'
import { HarWriter } from '../../src/export/har.ts'
import { DEFAULT_RENDER_OPTIONS } from '../../src/report/page.ts'
import { LeakFound } from '../../src/report/redact.ts'
import { ATTACKS } from '../report/hostile.ts'
import { chainOf, csrText, download, finalize, leaf, readyOrder } from '../support/issuance.ts'
import { Key, Session } from '../support/session.ts'

const compared: (...args: Parameters<typeof compare>) => Promise<Comparison> = async (...args) =>
  (await compare(...args)).comparison
const sample = (name: string) => `samples/${name}`
const keyLogs = (...names: readonly string[]) => ({ keyLogs: names.map((name) => sample(`${name}.keys`)) })

/** What matters at the first step that differs. */
function firstOf({ first, steps }: Comparison) {
  const step = steps.find((one) => one.step === first)
  if (step === undefined) return null
  const aspects = step.differences.filter(({ weight }) => weight === 'matters').map(({ aspect }) => aspect)
  return { role: step.role, aspects }
}

const aspectsOf = ({ steps }: Comparison, weight: string) =>
  steps.flatMap(({ role, differences }) =>
    differences.filter((one) => one.weight === weight).map(({ aspect }) => `${role}: ${aspect}`),
  )

const SAMPLES: readonly (readonly [file: string, keys: string | null])[] = [
  ['honest-certbot.pcap', 'honest-certbot'],
  ['honest-lego.har', null],
  ['damaged-certbot.pcap', 'damaged-certbot'],
  ['midsession.pcap', null],
  ['story-broken-server.pcap', null],
  ['story-client-omits-kid.har', null],
  ['wildcard-dns01.pcap', 'wildcard-dns01'],
  ['wrong-bindings.pcap', 'wrong-bindings'],
]

test('a capture does not differ from itself, nor from its own HAR', async (t) => {
  for (const [file, keys] of SAMPLES) {
    const options = keys === null ? {} : keyLogs(keys)
    const same = await compared([sample(file)], [sample(file)], options)
    t.true(same.steps.length > 0, file)
    t.deepEqual(
      same.steps.flatMap(({ differences }) => differences),
      [],
      file,
    )
    t.is(same.first, null)
    const har = new TextEncoder().encode(await harOf(file, options))
    const other = await compared([sample(file)], [har], options)
    t.deepEqual([...aspectsOf(other, 'matters'), ...aspectsOf(other, 'minor')], [], file)
    t.is(other.steps.length, same.steps.length)
  }
})

test('the same flow recorded twice, with other hosts, keys, ids and protocols, is the same', async (t) => {
  const recorded = await compared(
    [sample('story-broken-server.pcap')],
    [sample('story-broken-server-tls.pcap')],
    keyLogs('story-broken-server-tls'),
  )
  t.deepEqual(
    recorded.steps.map(({ role }) => role),
    ['directory', 'newNonce', 'newAccount', 'account read', 'newOrder'],
  )
  t.deepEqual(aspectsOf(recorded, 'matters'), [])
  const made = await compared([session('https://ca.example', 2)], [session('https://acme.other:14000/x', 7)])
  t.is(made.first, null)
  t.deepEqual(aspectsOf(made, 'matters'), [])
})

/** An issuance by another key at another place, polled so many times. */
function session(origin: string, polls: number): Uint8Array {
  const s = new Session(origin)
  const ordered = readyOrder(s)
  for (let poll = 0; poll < polls; poll++) s.post(ordered.account, ordered.order, undefined, { answer: ordered.object })
  finalize(s, ordered, csrText())
  download(s, ordered, chainOf(leaf()))
  return written(s)
}

function written(s: Session): Uint8Array {
  let text = ''
  const writer = new HarWriter(
    (piece) => {
      text += piece
    },
    { creator: { name: 'test', version: '0' } },
  )
  for (const exchange of s.exchanges) writer.write(exchange)
  writer.end()
  return new TextEncoder().encode(text)
}

test('what a damaged capture lacks is not held against it', async (t) => {
  const lossy = await compared(
    [sample('honest-certbot.pcap')],
    [sample('damaged-certbot.pcap')],
    keyLogs('honest-certbot', 'damaged-certbot'),
  )
  t.is(lossy.first, null)
  t.true(aspectsOf(lossy, 'unclear').includes('finalize: missing step'))
})

test('an honest session beside each story: the refused newOrder is the first difference', async (t) => {
  const stories: readonly (readonly [file: string, keys: string | null, aspects: readonly string[]])[] = [
    ['story-broken-server.pcap', null, ['answer']],
    ['story-broken-server-tls.pcap', 'story-broken-server-tls', ['answer']],
    ['story-client-omits-kid.har', null, ['key identification', 'answer', 'rule kid-jwk-both-absent', 'rule kid-required']],
    [
      'story-client-sends-jwk.pcap',
      'story-client-sends-jwk',
      ['key identification', 'answer', 'rule kid-required', 'rule jwk-forbidden'],
    ],
  ]
  for (const [file, keys, aspects] of stories) {
    const options = keyLogs('honest-certbot', ...(keys === null ? [] : [keys]))
    const found = await compared([sample('honest-certbot.pcap')], [sample(file)], options)
    t.deepEqual(firstOf(found), { role: 'newOrder', aspects: [...aspects] }, file)
    const step = found.steps.find((one) => one.step === found.first)
    t.is(step?.good?.answer, '201')
    t.regex(step?.bad?.answer ?? '', /^400 malformed/)
    t.deepEqual(step?.bad?.requests, [5, 6, 7], 'the refusals are one step')
    t.true(aspectsOf(found, 'matters').includes('finalize: missing step'))
  }
})

// --- One thing changed in a recorded session.

interface HarMessage {
  bodySize: number
  status: number
  headers: { name: string; value: string }[]
  content: { size?: number; text?: string; mimeType: string }
}
interface HarEntry {
  request: {
    bodySize: number
    url: string
    method: string
    headers: { name: string; value: string }[]
    postData?: { text: string; mimeType: string }
  }
  response: HarMessage
  _acme?: { resource: string }
}

async function harOf(
  file: string,
  options: { keyLogs?: readonly string[] },
  change: (entries: HarEntry[]) => HarEntry[] = (all) => all,
) {
  let text = ''
  await exportHar([sample(file)], options, (piece) => {
    text += piece
  })
  const har = JSON.parse(text) as { log: { entries: HarEntry[] } }
  har.log.entries = change(har.log.entries)
  return JSON.stringify(har)
}

const CERTBOT = ['honest-certbot.pcap', keyLogs('honest-certbot')] as const

async function changed(change: (entries: HarEntry[]) => HarEntry[]): Promise<Comparison> {
  const bytes = new TextEncoder().encode(await harOf(...CERTBOT, change))
  return compared([sample(CERTBOT[0])], [bytes], { ...CERTBOT[1], verify: false })
}

const isOf = (resource: string) => (entry: HarEntry) => entry._acme?.resource === resource

/** Changes the entries of a resource in place. */
const bending =
  (resource: string, bend: (entry: HarEntry) => void, only: (entry: HarEntry) => boolean = () => true) =>
  (entries: HarEntry[]) => {
    const chosen = entries.filter(isOf(resource)).filter(only)
    for (const entry of chosen) {
      bend(entry)
      delete entry.response.content.size
      for (const message of [entry.request, entry.response]) {
        message.bodySize = -1
        message.headers = message.headers.filter(({ name }) => !/^content-length$/i.test(name))
      }
    }
    return chosen.length === 0 ? [] : entries
  }

type Jws = { protected: string; payload: string; signature: string }
const decode = (text: string) => (text === '' ? '' : JSON.parse(Buffer.from(text, 'base64url').toString()))
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function resign(entry: HarEntry, header: (header: Record<string, unknown>) => unknown, payload?: (payload: object) => unknown) {
  const jws = JSON.parse(entry.request.postData?.text ?? '') as Jws
  const next = {
    ...jws,
    protected: encode(header(decode(jws.protected))),
    payload: payload === undefined ? jws.payload : encode(payload(decode(jws.payload))),
  }
  if (entry.request.postData !== undefined) entry.request.postData.text = JSON.stringify(next)
}

function answer(entry: HarEntry, status: number, body: unknown, mimeType = 'application/problem+json') {
  entry.response.status = status
  entry.response.content = { mimeType, text: typeof body === 'string' ? body : JSON.stringify(body) }
  entry.response.headers = [
    ...entry.response.headers.filter(({ name }) => !/^content-(type|length)$/i.test(name)),
    { name: 'Content-Type', value: mimeType },
  ]
}

const isLookUp = (entry: HarEntry) =>
  decode((JSON.parse(entry.request.postData?.text ?? '{}') as Jws).payload).onlyReturnExisting === true
const refusal = (type: string) => ({ type: `urn:ietf:params:acme:error:${type}`, detail: `${type} it is` })

test('the look-up answered 200 there and 400 here', async (t) => {
  const found = await changed(bending('newAccount', (entry) => answer(entry, 400, refusal('accountDoesNotExist')), isLookUp))
  t.is(firstOf(found)?.role, 'account look-up')
  t.true(firstOf(found)?.aspects.includes('answer'))
  const difference = found.steps.find(({ step }) => step === found.first)?.differences.find(({ aspect }) => aspect === 'answer')
  t.deepEqual([difference?.good, difference?.bad], ['200', '400 accountDoesNotExist "accountDoesNotExist it is"'])
})

test('one thing changed is the first difference, and named', async (t) => {
  const cases: readonly (readonly [name: string, role: string, aspect: string, change: (entries: HarEntry[]) => HarEntry[]])[] = [
    ['kid gone', 'finalize', 'key identification', bending('finalize', (entry) => resign(entry, ({ kid: _, ...rest }) => rest))],
    ['other alg', 'finalize', 'alg', bending('finalize', (entry) => resign(entry, (header) => ({ ...header, alg: 'ES256' })))],
    [
      'crit',
      'newOrder',
      'protected header',
      bending('newOrder', (entry) => resign(entry, (header) => ({ ...header, crit: ['x'], x: 1 }))),
    ],
    [
      'content type',
      'newOrder',
      'content type',
      bending('newOrder', (entry) => {
        for (const one of entry.request.headers) if (/^content-type$/i.test(one.name)) one.value = 'application/json'
      }),
    ],
    ['method', 'certificate', 'method', bending('certificate', (entry) => Object.assign(entry.request, { method: 'PUT' }))],
    [
      'onlyReturnExisting',
      'account look-up',
      'payload onlyReturnExisting',
      bending(
        'newAccount',
        (entry) =>
          resign(
            entry,
            (header) => header,
            (payload) => ({ ...payload, onlyReturnExisting: true }),
          ),
        (entry) => !isLookUp(entry),
      ),
    ],
    [
      'external account binding',
      'newAccount',
      'payload externalAccountBinding',
      bending(
        'newAccount',
        (entry) =>
          resign(
            entry,
            (header) => header,
            (payload) => ({ ...payload, externalAccountBinding: { protected: '', payload: '', signature: '' } }),
          ),
        (entry) => !isLookUp(entry),
      ),
    ],
    ['server error', 'certificate', 'answer', bending('certificate', (entry) => answer(entry, 500, refusal('serverInternal')))],
    ['problem', 'finalize', 'answer', bending('finalize', (entry) => answer(entry, 403, refusal('orderNotReady')))],
    [
      'HTML for JSON',
      'newOrder',
      'answer content type',
      bending('newOrder', (entry) => answer(entry, 201, '<html>hello</html>', 'text/html')),
    ],
    [
      'an answer without finalize',
      'newOrder',
      'members of the answer',
      bending('newOrder', (entry) => {
        const { finalize: _, ...rest } = JSON.parse(entry.response.content.text ?? '')
        entry.response.content.text = JSON.stringify(rest)
      }),
    ],
    [
      'no Location',
      'newOrder',
      'Location',
      bending('newOrder', (entry) => {
        entry.response.headers = entry.response.headers.filter(({ name }) => !/^location$/i.test(name))
      }),
    ],
    [
      'a validation that failed',
      'authorization read',
      'status in the answer',
      bending(
        'authorization',
        (entry) => {
          entry.response.content.text = (entry.response.content.text ?? '').replace(/"valid"/g, '"invalid"')
        },
        (entry) => /"valid"/.test(entry.response.content.text ?? ''),
      ),
    ],
    ['no finalize', 'finalize', 'missing step', (entries) => entries.filter((entry) => !isOf('finalize')(entry))],
    [
      'the session ends early',
      'challenge',
      'missing step',
      (entries) =>
        entries.filter((entry) => /^(directory|newNonce|newAccount|newOrder|authorization)$/.test(entry._acme?.resource ?? '')),
    ],
  ]
  for (const [name, role, aspect, change] of cases) {
    const first = firstOf(await changed(change))
    t.is(first?.role, role, name)
    t.true(first?.aspects.includes(aspect), `${name}: ${first?.aspects.join(', ')}`)
  }
})

test('polls, nonce fetches and stale nonces are timing, not differences', async (t) => {
  const fewer = await changed((entries) =>
    entries.filter((entry) => !isOf('newNonce')(entry) && !isOf('order')(entry) && !isOf('directory')(entry)),
  )
  t.is(fewer.first, null)
  t.true(aspectsOf(fewer, 'minor').includes('order read: missing step'))
  const s = new Session('https://ca.example')
  const ordered = readyOrder(s)
  const plain = new Session('https://ca.example')
  const once = readyOrder(plain)
  s.post(
    ordered.account,
    ordered.finalize,
    { csr: csrText() },
    { status: 400, answer: refusal('badNonce'), answerHeaders: [['Content-Type', 'application/problem+json']] },
  )
  for (const [one, its] of [
    [s, ordered],
    [plain, once],
  ] as const)
    finalize(one, its, csrText())
  const retried = await compared([written(plain)], [written(s)])
  t.deepEqual(aspectsOf(retried, 'matters'), [])
  t.deepEqual(retried.steps.find(({ role }) => role === 'finalize')?.bad?.requests.length, 2)
})

test('an account and an order that were refused at first are one session', async (t) => {
  const [a, b] = [new Session('https://ca.example'), new Session('https://ca.example')]
  for (const s of [a, b]) {
    s.begin()
    const key = new Key(`diff ${s === a ? 'good' : 'bad'}`)
    s.register(key)
    if (s === b)
      s.post(
        key,
        'newOrder',
        { identifiers: [{ type: 'dns', value: 'www.example' }] },
        { status: 429, answer: refusal('rateLimited'), answerHeaders: [['Content-Type', 'application/problem+json']] },
      )
    s.order(key)
  }
  const found = await compared([written(a)], [written(b)])
  t.deepEqual(firstOf(found), { role: 'newOrder', aspects: ['extra step'] })
  t.is(found.steps.filter(({ role }) => role === 'newOrder').length, 2)
})

// --- How it is written.

test('text and markdown of a story', async (t) => {
  const found = await compared([sample('honest-lego.har')], [sample('story-client-omits-kid.har')])
  t.snapshot([...renderDiffText(found, { ...DEFAULT_RENDER_OPTIONS, width: 80 })].join(''), 'text, 80 columns')
  t.snapshot(
    [...renderDiffText(found, { ...DEFAULT_RENDER_OPTIONS, width: 80, charset: 'ascii', quiet: true })].join(''),
    'quiet, ASCII',
  )
  t.snapshot([...renderDiffMarkdown(found, DEFAULT_RENDER_OPTIONS)].join(''), 'markdown')
})

interface Node {
  readonly type: string
  readonly children?: readonly Node[]
}
const all = (nodes: readonly Node[], type: string): readonly Node[] =>
  nodes.flatMap((node) => [...(node.type === type ? [node] : []), ...all(node.children ?? [], type)])

test('what a capture says cannot act on the reader of a comparison', async (t) => {
  for (const attack of ATTACKS) {
    const found = await changed(
      bending('newOrder', (entry) => answer(entry, 400, { type: `urn:ietf:params:acme:error:${attack}`, detail: attack })),
    )
    const hostile: Comparison = { ...found, bad: { ...found.bad, inputs: [attack], userAgents: [attack] } }
    const text = [...renderDiffText(hostile, { ...DEFAULT_RENDER_OPTIONS, width: 80, verbose: true })].join('')
    t.notRegex(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}]/u)
    const ascii = [...renderDiffText(hostile, { ...DEFAULT_RENDER_OPTIONS, charset: 'ascii' })].join('')
    t.regex(ascii, /^[\n -~]*$/)
    const markdown = [...renderDiffMarkdown(hostile, DEFAULT_RENDER_OPTIONS)].join('')
    const tree = fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }).children as readonly Node[]
    for (const type of ['html', 'link', 'image', 'thematicBreak', 'delete', 'emphasis'])
      t.deepEqual(all(tree, type), [], `${type}: ${attack}`)
    const [first, steps] = all(tree, 'table')
    for (const row of first?.children ?? []) t.is(row.children?.length, 3)
    for (const row of steps?.children ?? []) t.is(row.children?.length, 6)
  }
})

test('the lines of the text stay within the width, from 60 columns on', async (t) => {
  const found = await compared([sample('honest-lego.har')], [sample('story-client-omits-kid.har')])
  for (const width of [60, 80, 120, 200])
    for (const line of [...renderDiffText(found, { ...DEFAULT_RENDER_OPTIONS, width })].join('').split('\n'))
      t.true(line.length <= width, `${width}: ${line}`)
})

test('thousands of unlike steps are compared within reason', async (t) => {
  const har = JSON.parse(readFileSync(sample('honest-lego.har'), 'utf8')) as { log: { entries: unknown[] } }
  const many = Array.from({ length: 300 }, () => har.log.entries).flat()
  const bytes = new TextEncoder().encode(JSON.stringify({ log: { ...har.log, entries: many } }))
  const found = await compared([bytes], [sample('honest-lego.har')], { verify: false })
  t.true(found.steps.length > 10)
})

test('a redacted comparison names nobody, and the same things alike on both sides', async (t) => {
  const { comparison, reports } = await compare([sample('honest-lego.har')], [sample('story-client-omits-kid.har')])
  const { comparison: hidden, check } = redactComparison(comparison, reports, { key: new Uint8Array(32), keep: [] })
  const renderings = [
    [...renderDiffText(hidden, { ...DEFAULT_RENDER_OPTIONS, verbose: true })],
    [...renderDiffMarkdown(hidden, DEFAULT_RENDER_OPTIONS)],
    [JSON.stringify(hidden)],
  ]
  for (const pieces of renderings) {
    t.notThrows(() => check(pieces))
    t.notRegex(pieces.join(''), /dev\.test|acme-lab|corp-dev|77a99c9e3be39499|honest-lego|omits-kid/)
  }
  t.snapshot(renderings[1]?.join(''), 'markdown, redacted')
  t.deepEqual(firstOf(hidden), firstOf(comparison))
  t.throws(() => check([JSON.stringify(comparison)]), { instanceOf: LeakFound })
  const lanes = new Set(hidden.steps.map(({ lane }) => lane))
  t.true(
    [...lanes].some((lane) => /^order \S+$/.test(lane)),
    [...lanes].join(),
  )
})
