import test from 'ava'
import fc from 'fast-check'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { MAX_MARKDOWN, renderMarkdown } from '../../src/report/markdown.ts'
import { block, code, inline } from '../../src/report/markdown-inline.ts'
import { DEFAULT_RENDER_OPTIONS } from '../../src/report/page.ts'
import type { Report } from '../../src/report/report.ts'
import { hostileReport } from './hostile.ts'
import * as reports from './reports.ts'

type Node = ReturnType<typeof fromMarkdown>['children'][number]
interface Any {
  readonly type: string
  readonly value?: string
  readonly url?: string
  readonly children?: readonly Any[]
}

/** Parsed by an independent reader of CommonMark with GitHub's extensions. */
function parse(markdown: string): readonly Any[] {
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }).children as readonly Node[]
}

function all(nodes: readonly Any[], type: string): Any[] {
  return nodes.flatMap((node) => [...(node.type === type ? [node] : []), ...all(node.children ?? [], type)])
}

function textOf(node: Any): string {
  return node.value ?? (node.children ?? []).map(textOf).join('')
}

function render(report: Report, options: Partial<typeof DEFAULT_RENDER_OPTIONS> = {}): string {
  return [...renderMarkdown(report, { ...DEFAULT_RENDER_OPTIONS, ...options })].join('')
}

test('markdown: the verdict comes first, the table has a line for each request', (t) => {
  const tree = parse(render(reports.serverStory()))
  t.is(tree[0]?.type, 'heading')
  t.is(textOf(tree[0] as Any), 'The server is at fault: The server refused a compliant newOrder request')
  const [table] = all(tree, 'table')
  const rows = (table?.children ?? []).map((row) => (row.children ?? []).map(textOf))
  t.deepEqual(rows[0], ['#', 'Time', 'Method', 'Resource', 'HTTP', 'kid', 'jwk', 'nonce', 'url', 'sig', 'Verdict', 'URL'])
  t.is(rows.length, 11)
  t.deepEqual(rows[6], ['6', '03:04:06.123', 'POST', 'newOrder', '400', '✗', '✗', '✓', '✓', '✓', 'client', '/acme/new-order'])
  t.deepEqual(all(tree, 'heading').map(textOf).slice(1), [
    'Summary',
    'Requests',
    'Findings',
    'Refused by the server, with no fault found in the request',
    'What this capture cannot tell',
    'Not decrypted',
    'Damage in the capture',
    'Details',
  ])
})

test('markdown: links lead to the cited sections and nowhere else', (t) => {
  const links = all(parse(render(reports.serverStory())), 'link').map(({ url }) => url)
  t.deepEqual(
    [...new Set(links)],
    ['https://www.rfc-editor.org/rfc/rfc8555.html#section-6.2', 'https://www.rfc-editor.org/rfc/rfc8555.html#section-6.5'],
  )
})

test('markdown: quiet leaves the verdict and the counts', (t) => {
  const headings = all(parse(render(reports.serverStory(), { quiet: true })), 'heading').map(textOf)
  t.deepEqual(headings.slice(1), ['Summary'])
})

/** What in the rendered page could be anything but words: found outside of code. */
const ACTIVE = /[<>@#*_~`[\]|\\$&]|https?:|www\.|:\/\/|\b[0-9a-f]{7,}\b|:[a-z+-]\w*:/i

test('markdown: nothing in a report becomes markup, a link, a mention or a reference', (t) => {
  const report = hostileReport()
  const tree = parse(render(report))
  const clean = parse(render(reports.serverStory()))
  const shape = (nodes: readonly Any[]) => nodes.map(({ type }) => type)
  t.deepEqual(
    all(tree, 'html').map(({ value }) => value?.replace(/\d+/g, '0').replace(/frames? [\d, -]+/, 'frames')),
    all(clean, 'html').map(({ value }) => value?.replace(/\d+/g, '0').replace(/frames? [\d, -]+/, 'frames')),
  )
  t.deepEqual(shape(tree), shape(clean))
  for (const type of [
    'image',
    'footnoteReference',
    'footnoteDefinition',
    'definition',
    'delete',
    'emphasis',
    'linkReference',
    'break',
  ])
    t.is(all(tree, type).length, all(clean, type).length, type)
  t.deepEqual(
    all(tree, 'link').filter(({ url }) => !/^https:\/\/www\.rfc-editor\.org\//.test(url ?? '')),
    [],
  )
  const [table] = all(tree, 'table')
  for (const row of table?.children ?? []) t.is(row.children?.length, 12)
  for (const { value = '' } of all(tree, 'text').filter(({ value }) => value !== '#')) t.notRegex(value, ACTIVE)
})

test('inline: whatever the text, an outside parser finds words and code only, and all of its characters', (t) => {
  const pieces = fc.constantFrom(
    '`',
    '``',
    '"',
    '|',
    '\\',
    '<b>',
    '@user',
    '#1',
    'a',
    ' ',
    '  ',
    '*',
    '_',
    '~~',
    '[x](y)',
    '![',
    '&lt;',
    'www.x.y',
    'http://x',
    '1.',
    '-',
    '+',
    '>',
    'deadbeef',
    ':tada:',
    '.',
    '$',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('').trim()
      for (const markdown of [inline(text), `- ${inline(text)}`, `**${inline('a')}** ${inline(text)}`]) {
        const tree = parse(markdown)
        const kinds = new Set(
          all(tree, 'text').length + all(tree, 'inlineCode').length === 0 ? [] : leaves(tree).map(({ type }) => type),
        )
        kinds.delete('text')
        kinds.delete('inlineCode')
        t.deepEqual([...kinds], [], markdown)
        for (const { value = '' } of all(tree, 'text')) t.notRegex(value, ACTIVE, markdown)
      }
      const cells = parse(`| a | b |\n|---|---|\n| ${inline(text)} | ${code(text)} |`)
      t.is(all(cells, 'tableRow')[1]?.children?.length, 2, text)
      if (text !== '') t.is(textOf(all(cells, 'tableCell')[3] as Any), text.replaceAll('|', '\\x7c'))
    }),
    { numRuns: 1500 },
  )
})

function leaves(nodes: readonly Any[]): Any[] {
  return nodes.flatMap((node) => (node.children === undefined ? [node] : leaves(node.children)))
}

for (const [title, text, expected] of [
  [
    'sentences stay as they are',
    "The nonce isn't fresh (request 4); see RFC 8555 §6.5, HTTP/1.1.",
    "The nonce isn't fresh (request 4); see RFC 8555 §6.5, HTTP/1.1.",
  ],
  ['a quoted URL', 'kid "https://ca.example/1" is the URL', 'kid `https://ca.example/1` is the URL'],
  ['quoted words', 'said "No Key ID in JWS header".', 'said "No Key ID in JWS header".'],
  ['an empty value', 'kid is ""', 'kid is ""'],
  ['a mention', 'ask @admin, please', 'ask `@admin`, please'],
  ['an issue', 'see #12 or GH-12 or a/b#12', 'see `#12` or `GH-12` or `a/b#12`'],
  ['a commit', 'in deadbeef or 1234567890', 'in `deadbeef` or `1234567890`'],
  ['what would begin a list', '1. - x', '`1.` `-` x'.replace('`-` x', '- x')],
  ['code spans that touch', '"@a""`b"', '`@a` `` `b ``'],
] as const) {
  test(`inline: ${title}`, (t) => t.is(inline(text), expected))
}

test('block: a fence is longer than any in the text', (t) => {
  t.is(block('a\n```\n````x', 'json'), '`````json\na\n```\n````x\n`````')
})

test('markdown: a huge report keeps within a comment and says what it left out', (t) => {
  for (const report of [reports.largeReport(250), reports.largeReport(20_000), hostileReport(1000)]) {
    const text = render(report)
    t.true(text.length <= MAX_MARKDOWN, `${text.length}`)
    t.regex(text, /^> Cut to fit into a comment: .*left out\. `--format json` has everything\.$/m)
    t.true(all(parse(text), 'table').length === 1)
    t.regex(text, /^Made by /m)
  }
})

test('markdown: with the checks in words, plain text says the same', (t) => {
  t.snapshot(render(reports.serverStory()))
})
