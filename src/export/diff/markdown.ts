import { code, inline } from '../../report/markdown-inline.ts'
import { openPen, type Pen, type RenderOptions } from '../../report/page.ts'
import { counted } from '../../report/phrases.ts'
import type { ComparedSide, ComparedStep, Comparison, Occurrence } from './compare.ts'
import type { Weight } from './differences.ts'
import { type Tale, tell, toldText, weightOf, whereIs } from './telling.ts'

/** Rows of the table and differences of one kind, so that the whole fits into a comment (65,536 characters on GitHub). */
const MAX_ROWS = 120
const MAX_TOLD = 12
const MAX_QUOTE = 400

/** The comparison for tickets and comments: GitHub Flavored Markdown that also reads well as plain text. */
export function* renderDiffMarkdown(comparison: Comparison, options: RenderOptions): Iterable<string> {
  const pen = openPen({ ...options, charset: 'unicode' })
  const tale = tell(comparison)
  yield `## ${inline(pen.safe(tale.headline))}\n\n`
  yield `- **Good:** ${sideText(pen, comparison.good)}\n- **Bad:** ${sideText(pen, comparison.bad)}\n\n`
  yield* firstPart(pen, tale)
  if (!options.quiet) {
    yield* sectionsPart(pen, tale)
    yield* tablePart(pen, comparison.steps)
  }
  yield `${inline(pen.safe(tale.counts))}.\n\nMade by ${inline(`${comparison.generator.name} ${comparison.generator.version}`)}.\n`
}

function sideText(pen: Pen, { inputs, requests, userAgents }: ComparedSide): string {
  const names = inputs.length > 3 ? [...inputs.slice(0, 2), `${inputs.length - 2} more`] : inputs
  const agents = userAgents.map((agent) => `, ${code(pen.safe(agent, 80))}`).join('')
  return `${names.map((name) => code(pen.safe(name, 200))).join(', ')}: ${counted(requests, 'ACME request')}${agents}`
}

function* firstPart(pen: Pen, { first, atFirst }: Tale): Iterable<string> {
  if (first === null) return
  yield `| | Good | Bad |\n|---|---|---|\n`
  yield `| **Where** | ${placeText(pen, first.good)} | ${placeText(pen, first.bad)} |\n`
  yield `| **Request** | ${requestText(pen, first.good)} | ${requestText(pen, first.bad)} |\n`
  for (const { aspect, weight, good, bad } of atFirst)
    yield `| ${markOf(pen, weight)} ${inline(pen.safe(aspect, 120))} | ${quoted(pen, good)} | ${quoted(pen, bad)} |\n`
  yield '\n'
}

function placeText(pen: Pen, seen: Occurrence | null): string {
  return seen === null ? 'no such request' : inline(pen.safe(whereIs(seen, false)))
}

function requestText(pen: Pen, seen: Occurrence | null): string {
  if (seen === null) return pen.glyphs.none
  const by = seen.identifiedBy === null ? '' : `, ${seen.identifiedBy}`
  return `${code(pen.safe(`${seen.method} ${seen.url}`, 300))}${by}`
}

function quoted(pen: Pen, text: string): string {
  return inline(pen.safe(text, MAX_QUOTE))
}

function markOf({ glyphs }: Pen, weight: Weight | null): string {
  return weight === null ? glyphs.pass : { matters: glyphs.fail, unclear: glyphs.unknown, minor: glyphs.dot }[weight]
}

function* sectionsPart(pen: Pen, { sections }: Tale): Iterable<string> {
  for (const { title, told } of sections) {
    yield `### ${title}\n\n`
    for (const one of told.slice(0, MAX_TOLD)) yield `- ${inline(pen.safe(toldText(one)))}\n`
    if (told.length > MAX_TOLD) yield `- and ${counted(told.length - MAX_TOLD, 'more difference')}\n`
    yield '\n'
  }
}

function* tablePart(pen: Pen, steps: readonly ComparedStep[]): Iterable<string> {
  const telling = steps.filter((step) => weightOf(step) !== null)
  const chosen = (steps.length <= MAX_ROWS ? steps : telling).slice(0, MAX_ROWS)
  if (chosen.length === 0) return
  yield '### Steps\n\n| # | | Step | Good | Bad | Of |\n|--:|:-:|---|---|---|---|\n'
  for (const step of chosen) {
    const cells = [
      String(step.step),
      markOf(pen, weightOf(step)),
      inline(step.role),
      cellOf(pen, step.good),
      cellOf(pen, step.bad),
      inline(pen.safe(step.lane, 80)),
    ]
    yield `| ${cells.join(' | ')} |\n`
  }
  const { pass, fail, unknown, dot } = pen.glyphs
  yield `\n${pass} alike, ${fail} different, ${unknown} cannot be told, ${dot} small difference.`
  yield chosen.length < steps.length ? ` ${counted(steps.length - chosen.length, 'more step')} not shown.\n\n` : '\n\n'
}

function cellOf(pen: Pen, seen: Occurrence | null): string {
  if (seen === null) return pen.glyphs.none
  const first = seen.requests[0]
  const last = seen.requests.at(-1)
  const ids = first === last ? `${first}` : `${first}-${last}`
  return inline(pen.safe(`${ids}: ${seen.answer.replace(/ ".*$/s, '')}`, 100))
}
