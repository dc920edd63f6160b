import { hanging, labelled, openPen, type Pen, type RenderOptions } from '../../report/page.ts'
import { counted } from '../../report/phrases.ts'
import type { StyleName } from '../../report/styles.ts'
import { padEnd, padStart, shorten, widthOf, wrap } from '../../report/width.ts'
import type { ComparedSide, ComparedStep, Comparison, Occurrence } from './compare.ts'
import type { Difference, Weight } from './differences.ts'
import { type Tale, tell, toldText, weightOf, whereIs } from './telling.ts'

/** Rows of the table, and differences of one kind, unless all are asked for. */
const MAX_ROWS = 100
const MAX_TOLD = 12
const MAX_QUOTE = 400
/** Columns without which the name of an order says nothing. */
const MIN_LANE = 16
/** Neither a pass nor an alarm, in any charset. */
const SMALL = '~'

const STYLES: Readonly<Record<Weight, StyleName>> = { matters: 'bad', unclear: 'warn', minor: 'quiet' }

/** The comparison for people: the answer first, then the evidence. In pieces of whole lines. */
export function* renderDiffText(comparison: Comparison, options: RenderOptions): Iterable<string> {
  const pen = openPen(options)
  const tale = tell(comparison)
  const parts = options.quiet
    ? [headLines(pen, comparison, tale), firstLines(pen, tale)]
    : [
        headLines(pen, comparison, tale),
        firstLines(pen, tale),
        sectionLines(pen, tale, options.verbose),
        tableLines(pen, comparison.steps, options.verbose),
      ]
  for (const part of parts) {
    let any = false
    for (const line of part) {
      any = true
      yield `${line}\n`
    }
    if (any) yield '\n'
  }
  for (const line of wrap(`${tale.counts}.`, pen.paragraph)) yield `${line}\n`
}

function* headLines(pen: Pen, { good, bad }: Comparison, { headline, first }: Tale): Iterable<string> {
  for (const line of wrap(pen.safe(headline), pen.paragraph)) yield pen.styles[first === null ? 'good' : 'bad'](line)
  yield ''
  yield* labelled(pen, 'Good', sideText(pen, good), { column: 6 })
  yield* labelled(pen, 'Bad', sideText(pen, bad), { column: 6 })
}

function sideText(pen: Pen, { inputs, requests, userAgents }: ComparedSide): string {
  const names = inputs.length > 3 ? [...inputs.slice(0, 2), counted(inputs.length - 2, 'more file')] : inputs
  const agents = userAgents.length === 0 ? '' : `, ${userAgents.map((agent) => pen.safe(agent, 80)).join('; ')}`
  return `${names.map((name) => pen.safe(name, 200)).join(', ')}: ${counted(requests, 'ACME request')}${agents}`
}

function* firstLines(pen: Pen, { first, atFirst }: Tale): Iterable<string> {
  if (first === null) return
  yield* labelled(pen, 'Good', sightText(pen, first.good), { column: 6 })
  yield* labelled(pen, 'Bad', sightText(pen, first.bad), { column: 6 })
  for (const difference of atFirst) {
    yield ''
    yield* differenceLines(pen, difference)
  }
}

function sightText(pen: Pen, seen: Occurrence | null): string {
  if (seen === null) return 'no such request'
  const by = seen.identifiedBy === null ? '' : `, ${seen.identifiedBy}`
  return pen.safe(`${whereIs(seen, false)}: ${seen.method} ${seen.url}${by}`)
}

function* differenceLines(pen: Pen, { aspect, weight, good, bad }: Difference): Iterable<string> {
  const head = `${markOf(pen, weight)} ${pen.safe(aspect, 120)}`
  yield `  ${pen.styles[STYLES[weight]](head)}`
  yield* labelled(pen, 'Good', pen.safe(good, MAX_QUOTE), { column: 6, indent: 4 })
  yield* labelled(pen, 'Bad', pen.safe(bad, MAX_QUOTE), { column: 6, indent: 4 })
}

function markOf({ glyphs }: Pen, weight: Weight | null): string {
  switch (weight) {
    case 'matters':
      return glyphs.fail
    case 'unclear':
      return glyphs.unknown
    case 'minor':
      return SMALL
    case null:
      return glyphs.pass
  }
}

function* sectionLines(pen: Pen, { sections }: Tale, verbose: boolean): Iterable<string> {
  for (const [at, { title, weight, told }] of sections.entries()) {
    if (at > 0) yield ''
    yield pen.styles.strong(title)
    yield ''
    const shown = verbose ? told : told.slice(0, MAX_TOLD)
    for (const one of shown) yield* hanging(pen, `${markOf(pen, weight)} `, pen.safe(toldText(one)), 2)
    if (shown.length < told.length) yield `  ${counted(told.length - shown.length, 'more difference')}: --verbose shows all.`
  }
}

function* tableLines(pen: Pen, steps: readonly ComparedStep[], verbose: boolean): Iterable<string> {
  if (steps.length === 0) return
  const telling = steps.filter((step) => weightOf(step) !== null)
  const chosen = verbose || steps.length <= MAX_ROWS ? steps : telling.slice(0, MAX_ROWS)
  const number = String(steps.length).length
  const role = Math.max(4, ...chosen.map((step) => step.role.length))
  const room = pen.width - number - role - 9
  const cells = chosen.map((step) => [cellOf(pen, step.good), cellOf(pen, step.bad)] as const)
  const widest = Math.max(8, ...cells.flat().map(widthOf))
  // where the whole of both sides leaves too little for the last column, it is left out
  const hasLane = room - 2 * widest - 4 >= MIN_LANE
  const side = hasLane ? widest : Math.min(widest, Math.floor((room - 2) / 2))
  const lane = room - 2 * side - 4
  yield pen.styles.strong('Steps')
  yield ''
  const head = [' ', padStart('#', number), padEnd('Step', role), padEnd('Good', side), padEnd('Bad', side), hasLane ? 'Of' : '']
  yield pen.styles.strong(`  ${head.join('  ')}`.trimEnd())
  for (const [at, step] of chosen.entries()) {
    const [good = '', bad = ''] = cells[at] ?? []
    const weight = weightOf(step)
    const style = pen.styles[weight === null ? 'good' : STYLES[weight]]
    const shortened = (text: string, width: number) => padEnd(shorten(text, width, pen.glyphs.ellipsis), width)
    const row = [
      style(markOf(pen, weight)),
      padStart(String(step.step), number),
      padEnd(step.role, role),
      shortened(good, side),
      shortened(bad, side),
      hasLane ? shorten(pen.safe(step.lane, 200), lane, pen.glyphs.ellipsis) : '',
    ]
    yield `  ${row.join('  ')}`.trimEnd()
  }
  yield ''
  const { pass, fail, unknown } = pen.glyphs
  yield pen.styles.quiet(`  ${pass} alike  ${fail} different  ${unknown} cannot be told  ${SMALL} small difference`)
  if (chosen.length < steps.length) yield `  ${counted(steps.length - chosen.length, 'more step')}: --verbose shows all.`
}

/** "5  400 malformed", "6-9  200" */
function cellOf(pen: Pen, seen: Occurrence | null): string {
  if (seen === null) return pen.glyphs.none
  const first = seen.requests[0]
  const last = seen.requests.at(-1)
  const ids = first === last ? `${first}` : `${first}-${last}`
  return pen.safe(`${ids}: ${seen.answer.replace(/ ".*$/s, '')}`, 100)
}
