import test from 'ava'
import { escapeText } from '../../src/report/escape.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from '../../src/report/page.ts'
import { numberRuns } from '../../src/report/phrases.ts'
import type { Report, ReportRequest } from '../../src/report/report.ts'
import type { Styles } from '../../src/report/styles.ts'
import { renderText } from '../../src/report/text.ts'
import { MAX_FINDINGS } from '../../src/report/text-findings.ts'
import { MAX_ROWS } from '../../src/report/text-table.ts'
import { centre, padStart, shorten, widthOf, wrap } from '../../src/report/width.ts'
import * as reports from './reports.ts'

function render(report: Report, options: Partial<RenderOptions> = {}): string {
  return [...renderText(report, { ...DEFAULT_RENDER_OPTIONS, ...options })].join('')
}

const tagged = (name: string) => (text: string) => `<${name}>${text}</${name}>`
const TAGS: Styles = {
  good: tagged('good'),
  bad: tagged('bad'),
  warn: tagged('warn'),
  quiet: tagged('quiet'),
  strong: tagged('strong'),
}

for (const [title, report, options] of [
  ["a server's fault at 80 columns", reports.serverStory(), { width: 80 }],
  ["a server's fault at 160 columns", reports.serverStory(), { width: 160 }],
  ["a server's fault in colour", reports.serverStory(), { width: 100, styles: TAGS }],
  ["a server's fault without UTF-8", reports.serverStory(), { width: 80, charset: 'ascii' }],
  ["a server's fault, verbose", reports.serverStory(), { width: 120, verbose: true }],
  ["a server's fault, quiet", reports.serverStory(), { width: 80, quiet: true }],
  ['an honest HAR', reports.honestHar(), { width: 80 }],
  ['forty requests', reports.largeReport(40), { width: 80 }],
] as const) {
  test(`text: ${title}`, (t) => {
    t.snapshot(render(report, options))
  })
}

test('text: lines keep within the width wherever there is a place to break', (t) => {
  for (const width of [80, 100, 160])
    for (const report of [reports.serverStory(), reports.honestHar(), reports.largeReport(250), hostile()])
      for (const line of render(report, { width }).split('\n')) t.true(widthOf(line) <= width, `${width}: ${line}`)
})

test('text: colour changes nothing but colour', (t) => {
  const plain = render(reports.serverStory())
  t.is(render(reports.serverStory(), { styles: TAGS }).replace(/<\/?(?:good|bad|warn|quiet|strong)>/g, ''), plain)
})

test('text: ascii is ascii', (t) => {
  t.regex(render(reports.serverStory(), { charset: 'ascii' }), /^[\n -~]*$/)
  t.regex(render(hostile(), { charset: 'ascii', verbose: true }), /^[\n -~]*$/)
})

const HOSTILE =
  '\u001b[31m\u001b]0;owned\u0007\u009b2J\u202e\u2066\u200b\u2028\r\n\ttext\ud800 ザ\u0301\u0301\u0301\u0301\u0301\u0301\u0301'

/** Every string of a report replaced by one that tries to act on the terminal, but for those that the model closes. */
function hostile(): Report {
  const closed = new Set(['severity', 'party', 'confidence', 'verdict', 'kid', 'jwk', 'nonce', 'url', 'signature'])
  const poison = (value: unknown, name: string, inChecks: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => poison(item, name, inChecks))
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, poison(member, key, name === 'checks')]))
    return typeof value !== 'string' || (closed.has(name) && (inChecks || !['kid', 'nonce', 'url'].includes(name)))
      ? value
      : `${HOSTILE}${value}`
  }
  return poison(reports.serverStory(), '', false) as Report
}

test('text: nothing in a report reaches the screen raw', (t) => {
  for (const verbose of [false, true]) {
    const text = render(hostile(), { verbose, width: 200 })
    t.notRegex(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/u)
    t.true(text.includes('\\x1b[31m'))
    t.true(text.includes('\\u202e'))
  }
})

for (const [title, text, expected] of [
  ['letters of any script stay', 'Grüße, мир, 世界, 👍 "x"', 'Grüße, мир, 世界, 👍 "x"'],
  ['C0 controls', 'a\u0000b\u001bc\u007f', 'a\\x00b\\x1bc\\x7f'],
  ['line ends and tabs', 'a\r\n\tb', 'a\\r\\n\\tb'],
  ['C1 controls', '\u0085\u009b', '\\x85\\x9b'],
  ['bidi controls', '\u061c\u200e\u202a\u202e\u2066\u2069', '\\u061c\\u200e\\u202a\\u202e\\u2066\\u2069'],
  ['separators and zero widths', '\u2028\u2029\u200b\ufeff\u00ad', '\\u2028\\u2029\\u200b\\ufeff\\xad'],
  ['tags and variation selectors', '\u{e0041}\ufe0f', '\\u{e0041}\\ufe0f'],
  ['halves of pairs', '\ud800x\udc00', '\\ud800x\\udc00'],
  ['piled marks', `e${'\u0301'.repeat(500)}`, `e${'\u0301'.repeat(4)}`],
  ['the replacement character is shown', '\ufffd', '\ufffd'],
] as const) {
  test(`escapeText: ${title}`, (t) => {
    t.is(escapeText(text), expected)
  })
}

test('escapeText: caps long text without cutting a character, and tells its length', (t) => {
  t.is(escapeText('x'.repeat(1000), 10), 'xxxxxxxxxx… (1000 characters)')
  t.is(escapeText('👍'.repeat(10), 3), '👍… (20 characters)')
  t.is(escapeText('x'.repeat(11), 10, true), 'xxxxxxxxxx... (11 characters)')
})

test('escapeText: ascii escapes what could be a control on an 8-bit terminal', (t) => {
  t.is(escapeText('Û § 👍', 100, true), '\\xdb section  \\u{1f44d}')
})

test('widths: wide, narrow and without width', (t) => {
  t.is(widthOf('abc'), 3)
  t.is(widthOf('世界'), 4)
  t.is(widthOf('ｈ'), 2)
  t.is(widthOf('e\u0301'), 1)
  t.is(widthOf('👍'), 2)
  t.is(widthOf('✓ ✗ – …'), 7)
  t.is(padStart('世', 4), '  世')
  t.is(centre('✓', 5), '  ✓  ')
})

test('shorten: the middle goes, both ends stay', (t) => {
  t.is(shorten('/acme/order/1234567890', 11, '…'), '/acme…67890')
  t.is(shorten('/short', 11, '…'), '/short')
  t.is(shorten('世界世界世界', 7, '…'), '世…界')
  t.true(widthOf(shorten('x世x世x世x世x', 6, '...')) <= 6)
})

test('wrap: at spaces, and inside a word that is longer than a line', (t) => {
  t.deepEqual(wrap('one two three', 7), ['one two', 'three'])
  t.deepEqual(wrap('a abcdefghij b', 4), ['a', 'abcd', 'efgh', 'ij b'])
  t.deepEqual(wrap('世界世界', 5), ['世界', '世界'])
  t.deepEqual(wrap('', 5), [''])
})

test('numberRuns: runs are drawn together, long lists cut', (t) => {
  t.is(numberRuns([9, 3, 5, 10, 11, 12, 14]), '3, 5, 9-12, 14')
  t.is(numberRuns([1, 2]), '1, 2')
  t.is(
    numberRuns(
      Array.from({ length: 40 }, (_, at) => 2 * at),
      4,
    ),
    '0, 2, 4 and 37 more',
  )
})

test('text: a large report is cut, says so, and --verbose has all of it', (t) => {
  const report = reports.largeReport(1200)
  const text = render(report, { width: 100 })
  const rows = (whole: string) => whole.split('\n').filter((line) => /^ *\d+ +\d\d:\d\d/.test(line)).length
  t.is(rows(text), MAX_ROWS)
  t.regex(text, /900 more requests: --verbose lists all/)
  t.is(text.split('  Rule  ').length - 1, MAX_FINDINGS)
  t.regex(text, /more kinds of finding not shown: --verbose shows all/)
  const verbose = render(report, { verbose: true })
  t.is(rows(verbose), 1200)
  t.notRegex(verbose, /not shown/)
})

test('text: equal findings of many requests are told once, with their requests', (t) => {
  const text = render(reports.largeReport(12))
  t.regex(text, /Requests 3, 6, 9, 12: POST newOrder/)
  t.is(text.split('nonce-reused').length - 1, 1)
  t.regex(text, /These values are of request 3\./)
})

test('text: a filter is told, and the counts stay', (t) => {
  const report = reports.serverStory()
  const text = render({ ...report, requests: report.requests.slice(4, 6) }, { unfiltered: 10 })
  t.regex(text, /9 ACME requests: .*Shown: 2 of 10\s+requests/s)
})

for (const [title, report, expected] of [
  [
    'nothing decrypted',
    reports.report('undetermined', {
      connections: [
        reports.connection(0, {
          tls: {
            version: 'TLSv1.3',
            cipherSuite: null,
            serverName: 'ca.example',
            alpn: null,
            decrypted: false,
            secrets: null,
            reason: 'no key log given',
          },
        }),
      ],
    }),
    /^No ACME request could be read\n.*1 TLS connection \(ca\.example\) could not be decrypted: no key log given\..*--keylog/s,
  ],
  [
    'nothing found where octets are missing',
    reports.report('undetermined', {
      connections: [reports.connection(0, { damage: [{ kind: 'gap', layer: 'tcp', detail: 'a gap', count: 1, firstFrame: 3 }] })],
    }),
    /No ACME request was found in 1 connection, and octets are missing in 1\..*-s 0/s,
  ],
  ['nothing at all', reports.report('undetermined', { connections: [] }), /No HTTP and no TLS connection was found\./],
  [
    'no verdict on any request',
    reports.report('undetermined', {
      requests: [
        reports.request(1, {
          compliant: null,
          unknown: [{ check: 'signature', code: 'U-KEY', reason: 'no key is known' }],
        }),
      ],
    }),
    /^No ACME request could be judged\n.*no key is known \(U-KEY\).*--account-key/s,
  ],
  [
    'a fault without a diagnosis',
    reports.report('client', { requests: [reports.request(1, { compliant: false, findings: [reports.finding()] })] }),
    /^The client is at fault\n.*See request 1 \(frames 10, 11\)/s,
  ],
] as const) {
  test(`text: first lines: ${title}`, (t) => {
    t.regex(render(report), expected)
  })
}

test('text: verdict and status agree where nothing failed but the server broke a rule', (t) => {
  const broke = reports.finding({ party: 'server', rule: 'server-nonce-on-success', message: 'No nonce.', remedy: 'Send one.' })
  const text = render(reports.report('none', { requests: [reports.request(1, { findings: [broke] })] }), {})
  t.regex(text, /^Nothing failed, but not everything keeps to the protocol\n/)
  t.regex(text, /Whose fault {4}The server's; nothing failed through it in this capture\./)
  t.regex(text, /What to do {5}Send one\./)
  t.regex(text, /\nNothing failed, but not everything keeps to the protocol\. 1 ACME request/)
})

test('text: what cannot be judged is said, with what the next capture needs for which check', (t) => {
  const open = reports.request(2, {
    compliant: null,
    unknown: [{ check: 'signature', code: 'U-KEY', reason: 'the key of the signer is not known' }],
  })
  const text = render(reports.report('none', { requests: [reports.request(1), open] }), {}).replace(/\s+/g, ' ')
  t.regex(text, /^Nothing is seen to have gone wrong /)
  t.regex(text, /Nobody's, as far as this capture shows\./)
  t.true(text.includes('pass its public key with --account-key'))
  t.true(text.includes(`The key is that of "${reports.ACCOUNT}".`))
  t.regex(text, /That settles: signature of request 2\./)
})

test('text: refusals that were made good are told apart from those that were not', (t) => {
  const refused = { ...reports.request(1).response, status: 400 } as NonNullable<ReportRequest['response']>
  const requests = [1, 2, 3].map((id) =>
    reports.request(id, { ...(id === 2 ? {} : { response: refused }), url: `https://ca.example/${id === 3 ? 'x' : 'y'}` }),
  )
  const text = render(reports.report('none', { requests }), {}).replace(/\s+/g, ' ')
  t.regex(
    text,
    /refused 1 request \(1\) at first and accepted the same when it was sent again; the server refused 1 request \(3\)\./,
  )
})

test('text: an open case in which rules were switched off says so', (t) => {
  const config = { file: null, rules: [{ rule: 'kid-required', level: 'off', default: 'error', from: 'option' }] } as const
  const text = render(
    reports.report('undetermined', { requests: [reports.request(1)], config: { ...config, rules: [...config.rules] } }),
    {},
  ).replace(/\s+/g, ' ')
  t.regex(text, /What to do Rules are changed \(see below\).* --no-config/)
  t.regex(text, /The one request keeps to the rules in force\./)
  t.regex(text, /Rules changed by option: kid-required off/)
})
