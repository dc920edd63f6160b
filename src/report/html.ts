import { sha256Base64url } from '../platform/signature.ts'
import { detailed, detailsPart } from './html-details.ts'
import { findingsPart } from './html-findings.ts'
import { type HtmlPage, leftOut } from './html-page.ts'
import { sequencePart } from './html-sequence.ts'
import { STYLE } from './html-style.ts'
import { tablePart } from './html-table.ts'
import { type Markup, markup } from './markup.ts'
import { openPage, type RenderOptions } from './page.ts'
import { whereabouts } from './places.ts'
import type { Report } from './report.ts'
import { serverTexts } from './servers.ts'
import { countsText, diagnosisHead, diagnosisText, storyOf } from './story.ts'
import { connectionsText, crossCheckText, inputText, redactionText } from './text-inputs.ts'
import { damageTexts, undecryptedTexts, unknownTexts } from './text-notes.ts'
import { refusals, refusalText } from './told.ts'

const MAX_DIAGNOSES = 50
const MAX_INPUTS = 50
const MAX_NOTES = 200

/**
 * One file that is all there is: no script, no network (its content security policy forbids both), folded details, a filter made of style.
 * Everything that comes from the report is escaped by how the markup is made.
 */
export function* renderHtml(report: Report, options: RenderOptions): Iterable<string> {
  const linked = new Set(options.quiet ? [] : detailed(report.requests).map(({ id }) => id))
  const page: HtmlPage = { ...openPage(report, { ...options, charset: 'unicode', verbose: false }), linked }
  const { headline } = storyOf(page)
  yield `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n`
  yield `${markup`<meta http-equiv="Content-Security-Policy" content="${POLICY}">`.markup}\n`
  yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
  yield `${markup`<title>${headline} – acmescope</title>`.markup}\n<style>${STYLE.markup}</style>\n</head>\n<body>\n<main>\n`
  for (const part of options.quiet ? [verdictPart, summaryPart] : PARTS) for (const piece of part(page)) yield `${piece.markup}\n`
  const { name, version } = report.generator
  yield `</main>\n${markup`<footer><p>Made by ${page.safe(`${name} ${version}`, 80)}.</p></footer>`.markup}\n</body>\n</html>\n`
}

/** The style is known by its digest, in base64 with padding (CSP 3, 2.3.1). */
const POLICY = `default-src 'none'; style-src 'sha256-${sha256Base64url(STYLE.markup).replaceAll('-', '+').replaceAll('_', '/')}='; base-uri 'none'; form-action 'none'`

const PARTS: readonly ((page: HtmlPage) => Iterable<Markup>)[] = [
  verdictPart,
  summaryPart,
  sequencePart,
  tablePart,
  findingsPart,
  notesPart,
  detailsPart,
]

function* verdictPart(page: HtmlPage): Iterable<Markup> {
  const { tone, headline, lines, further } = storyOf(page)
  yield markup`<section class="verdict ${tone}" aria-labelledby="verdict">
<h1 id="verdict">${headline}</h1>
<dl>
${lines.map(({ label, texts }) => markup`<dt>${label}</dt>${texts.map((text) => markup`<dd>${text}</dd>`)}\n`)}</dl>
</section>`
  if (further.length === 0) return
  yield markup`<h2>Also</h2>`
  for (const diagnosis of further.slice(0, MAX_DIAGNOSES)) {
    const where = diagnosis.requests.length === 0 ? '' : `: ${whereabouts(page, diagnosis.requests)}`
    yield markup`<details><summary>${`${diagnosisHead(page, diagnosis)}${where}`}</summary><p>${diagnosisText(page, diagnosis)}</p></details>`
  }
  yield* leftOut(further.length - MAX_DIAGNOSES, 'diagnosis', 'diagnoses')
}

function* summaryPart(page: HtmlPage): Iterable<Markup> {
  const { report } = page
  const inputs = report.inputs.slice(0, MAX_INPUTS)
  const connections = connectionsText(report)
  const redaction = redactionText(report)
  const facts = [
    countsText(page),
    ...(redaction === null ? [] : [`Redacted ${redaction}`]),
    ...inputs.map(
      (input) => `Read ${inputText(page, input)}${input.sha256 === null ? '' : `, sha256 ${page.safe(input.sha256, 64)}`}`,
    ),
    ...(connections === null ? [] : [connections]),
    ...serverTexts(page).slice(0, MAX_INPUTS),
    ...inputs.flatMap((input) => crossCheckText(page, input) ?? []),
  ]
  yield markup`<h2>Summary</h2>
<ul>${facts.map((fact) => markup`<li>${fact}</li>`)}</ul>`
  yield* leftOut(report.inputs.length - MAX_INPUTS, 'file')
}

function* notesPart(page: HtmlPage): Iterable<Markup> {
  const notes: [title: string, texts: readonly string[]][] = [
    ['Refused by the server, with no fault found in the request', refusals(page.report).map((group) => refusalText(page, group))],
    ['What this capture cannot tell', unknownTexts(page)],
    ['Not decrypted', undecryptedTexts(page)],
    ['Damage in the capture', damageTexts(page)],
  ]
  for (const [title, texts] of notes) {
    if (texts.length === 0) continue
    yield markup`<h2>${title}</h2>
<ul>${texts.slice(0, MAX_NOTES).map((text) => markup`<li>${text}</li>`)}</ul>`
    yield* leftOut(texts.length - MAX_NOTES, 'note')
  }
}
