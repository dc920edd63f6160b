import { labelled, type Page } from './page.ts'
import { bytesText, counted, durationText, grouped, numberRuns } from './phrases.ts'
import type { Report, ReportInput } from './report.ts'
import { serverTexts } from './servers.ts'

const MAX_INPUTS = 8
const MAX_COMMENTS = 20

/** What was read: files, packets, times, connections. */
export function inputLines(page: Page): string[] {
  const { inputs } = page.report
  const shown = page.options.verbose ? inputs : inputs.slice(0, MAX_INPUTS)
  const lines = shown.flatMap((input, at) => labelled(page, at === 0 ? 'Read' : '', inputText(page, input)))
  if (shown.length < inputs.length)
    lines.push(...labelled(page, '', `${counted(inputs.length - shown.length, 'more file')}: --verbose shows them.`))
  const connections = connectionsText(page.report)
  if (connections !== null) lines.push(...labelled(page, inputs.length === 0 ? 'Read' : '', connections))
  for (const input of inputs) {
    const crossCheck = crossCheckText(page, input)
    if (crossCheck !== null) lines.push(...labelled(page, 'Cross-check', crossCheck))
  }
  const redaction = redactionText(page.report)
  if (redaction !== null) lines.push(...labelled(page, 'Redacted', redaction))
  lines.push(...serverTexts(page).flatMap((text, at) => labelled(page, at === 0 ? 'Server' : '', text)))
  const quoted = quotedText(page)
  if (quoted !== null) lines.push(...labelled(page, 'Quoted', quoted))
  return [...lines, ...commentLines(page)]
}

export function inputText(page: Page, input: ReportInput): string {
  const facts = [input.format]
  if (input.format !== 'har') facts.push(counted(input.packets, 'packet'))
  facts.push(bytesText(input.bytes))
  const span = spanText(input.firstTime, input.lastTime)
  if (span !== null) facts.push(span)
  if (input.damage.length > 0) facts.push('damaged (see below)')
  if (page.options.verbose && input.linkTypes.length > 0) facts.push(`link ${input.linkTypes.join(', ')}`)
  if (page.options.verbose && input.sha256 !== null) facts.push(`sha256 ${input.sha256}`)
  return `${page.safe(input.name, 200)}: ${page.safe(facts.join(', '))}`
}

/** "2026-11-24 12:46:26 UTC, 5 s long" */
function spanText(first: string | null, last: string | null): string | null {
  if (first === null) return null
  const begin = `${first.slice(0, 10)} ${first.slice(11, 19)} UTC`
  const seconds = last === null ? Number.NaN : (Date.parse(last) - Date.parse(first)) / 1000
  return Number.isFinite(seconds) && seconds >= 0 ? `${begin}, ${durationText(seconds)} long` : begin
}

/** Null for HARs, which know of no connections. */
export function connectionsText({ inputs, connections }: Report): string | null {
  if (connections.length === 0) return inputs.every(({ format }) => format === 'har') ? null : 'no TLS and no HTTP connection'
  const tls = connections.filter((connection) => connection.tls !== null)
  const decrypted = tls.filter((connection) => connection.tls?.decrypted === true).length
  const facts: string[] = []
  if (decrypted > 0) facts.push(`${decrypted} decrypted`)
  if (decrypted < tls.length) facts.push(`${tls.length - decrypted} not decrypted (see below)`)
  if (tls.length < connections.length) facts.push(`${connections.length - tls.length} without TLS`)
  const all = counted(connections.length, 'connection')
  if (facts.length > 1) return `${all}: ${facts.join(', ')}`
  return `${all}, ${connections.length === 1 ? '' : 'all '}${facts.join().replace(/^\d+ /, '')}`
}

/** What redacted HARs say of themselves; null when there is none. */
export function quotedText({ report }: Page): string | null {
  const quoted = report.requests.filter(({ beforeRedaction }) => beforeRedaction !== null)
  if (quoted.length === 0) return null
  const broken = quoted.filter(({ beforeRedaction }) => beforeRedaction?.compliant === false)
  const whose = broken.length === 0 ? '' : ` (${counted(broken.length, 'request')}: ${numberRuns(broken.map(({ id }) => id))})`
  const rules = [...new Set(broken.flatMap(({ beforeRedaction }) => beforeRedaction?.findings.map(({ rule }) => rule) ?? []))]
  return `the HAR was redacted; whoever made it says of ${counted(quoted.length, 'request')} that before redaction ${
    broken.length === 0 ? 'none was' : 'some were'
  } non-compliant${whose}${rules.length === 0 ? '' : `, by ${rules.slice(0, 8).join(', ')}`}. That is quoted, and was not checked here`
}

/** What was hidden, and that it was hidden only after everything had been checked; null when nothing was meant to be. */
export function redactionText({ redaction }: Report): string | null {
  if (redaction === null) return null
  const { hidden, kept, pseudonyms } = redaction
  const counts = hidden.map(({ category, count }) => `${category} ${grouped(count)}`).join(', ')
  const same =
    pseudonyms === 'keyed'
      ? 'equal values have equal pseudonyms, also in other reports made with this key'
      : 'equal values have equal pseudonyms, in this run only'
  return `after every check was made: ${counts === '' ? 'nothing had to be hidden' : counts}; ${same}${kept.length === 0 ? '' : `; left readable: ${kept.join(', ')}`}`
}

export function crossCheckText(page: Page, input: ReportInput): string | null {
  const { crossCheck } = input
  if (crossCheck === null) return null
  const seen = `the second reader (${page.safe(crossCheck.reader)}) saw ${counted(crossCheck.packets, 'packet')} in ${page.safe(input.name, 200)}`
  return crossCheck.agrees
    ? `${seen}, the same as the first`
    : `${seen} and the first saw others${crossCheck.reason === null ? '' : `: ${page.safe(crossCheck.reason)}`}`
}

function commentLines(page: Page): string[] {
  const comments = page.report.inputs.flatMap((input) => input.comments)
  if (comments.length === 0) return []
  if (!page.options.verbose)
    return labelled(
      page,
      'Comments',
      `${counted(comments.length, 'comment')} in the capture: --verbose shows ${comments.length === 1 ? 'it' : 'them'}.`,
    )
  return comments
    .slice(0, MAX_COMMENTS)
    .flatMap(({ frame, text }, at) =>
      labelled(page, at === 0 ? 'Comments' : '', `${frame === null ? '' : `frame ${frame}: `}${page.safe(text, 300)}`),
    )
}
