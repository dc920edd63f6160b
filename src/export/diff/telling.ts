import { counted, numberRuns } from '../../report/phrases.ts'
import type { ComparedStep, Comparison, Occurrence } from './compare.ts'
import type { Difference, Weight } from './differences.ts'

/** A difference as people are told it: once, for all steps that have it. Texts quote the captures and are not yet safe to show. */
export interface Told {
  readonly difference: Difference
  readonly steps: ComparedStep[]
}

/** What there is to say, in the order of reading. */
export interface Tale {
  readonly headline: string
  /** The step with the first difference that matters. */
  readonly first: ComparedStep | null
  /** What matters there and was not so before. */
  readonly atFirst: readonly Difference[]
  readonly sections: readonly { readonly title: string; readonly weight: Weight; readonly told: readonly Told[] }[]
  readonly counts: string
}

export function tell(comparison: Comparison): Tale {
  const { steps } = comparison
  const first = steps.find(({ step }) => step === comparison.first) ?? null
  const before = first === null ? [] : gather(steps.slice(0, first.step), 'matters').filter((told) => told.steps[0] !== first)
  const known = new Set(before.map(({ difference }) => keyOf(difference)))
  const isNew = (difference: Difference) => !known.has(keyOf(difference))
  const sections = [
    { title: 'Different before that, and accepted', weight: 'matters' as const, told: before },
    {
      title: 'Different after that',
      weight: 'matters' as const,
      told: first === null ? [] : gather(steps.slice(first.step), 'matters').filter(({ difference }) => isNew(difference)),
    },
    { title: 'What these captures cannot tell', weight: 'unclear' as const, told: gather(steps, 'unclear') },
    { title: 'Small differences', weight: 'minor' as const, told: gather(steps, 'minor') },
  ]
  return {
    headline:
      first === null
        ? 'No difference that matters'
        : `The first difference that matters is at step ${first.step}: ${first.role}${placeName(first)}`,
    first,
    atFirst: first === null ? [] : first.differences.filter((difference) => difference.weight === 'matters' && isNew(difference)),
    sections: sections.filter(({ told }) => told.length > 0),
    counts: countsText(comparison),
  }
}

const WEIGHTS: readonly Weight[] = ['matters', 'unclear', 'minor']

/** The gravest of what a step differs in; null when nothing differs. */
export function weightOf({ differences }: ComparedStep): Weight | null {
  return WEIGHTS.find((weight) => differences.some((difference) => difference.weight === weight)) ?? null
}

function placeName({ lane }: ComparedStep): string {
  return lane === 'session' || lane === 'validation' ? '' : ` (${lane})`
}

function gather(steps: readonly ComparedStep[], weight: Weight): Told[] {
  const told = new Map<string, Told>()
  for (const step of steps)
    for (const difference of step.differences) {
      if (difference.weight !== weight) continue
      const key = keyOf(difference)
      const known = told.get(key)
      if (known === undefined) told.set(key, { difference, steps: [step] })
      else known.steps.push(step)
    }
  return [...told.values()]
}

function keyOf(difference: Difference): string {
  const { aspect, good, bad } = difference
  return JSON.stringify(isAlone(difference) ? [aspect] : [aspect, good, bad])
}

/** A step that one capture lacks. */
function isAlone({ aspect }: Difference): boolean {
  return aspect === 'missing step' || aspect === 'extra step'
}

/** "Not in the bad capture: finalize, certificate (steps 9, 10)", "alg: RS256 in the good capture, ES256 in the bad one (steps 3-9)" */
export function toldText({ difference, steps }: Told): string {
  const where = stepsText(steps)
  if (!isAlone(difference))
    return `${difference.aspect}: ${difference.good} in the good capture, ${difference.bad} in the bad one (${where})`
  const isMissing = difference.aspect === 'missing step'
  const names = [...new Set(steps.map((step) => `${step.role}${refusedText(isMissing ? step.good : step.bad)}`))]
  const few = names.length > 8 ? [...names.slice(0, 7), `${names.length - 7} more`] : names
  return `${isMissing ? 'Not in the bad capture' : 'In the bad capture alone'}: ${few.join(', ')} (${where})`
}

function refusedText(seen: Occurrence | null): string {
  return seen !== null && /^[45]/.test(seen.answer) ? `, refused with ${seen.answer}` : ''
}

function stepsText(steps: readonly ComparedStep[]): string {
  return `step${steps.length === 1 ? '' : 's'} ${numberRuns(steps.map(({ step }) => step))}`
}

/** "request 5 (frames 39-46)", "requests 5-7, the last in frames 80, 82 of bad.pcap" */
export function whereIs(seen: Occurrence, naming: boolean): string {
  const file = naming && seen.input !== null ? ` of ${seen.input}` : ''
  const place =
    seen.entry !== null
      ? `entry ${seen.entry}${file}`
      : seen.frames === null || seen.frames.length === 0
        ? null
        : `frame${seen.frames.length === 1 ? '' : 's'} ${numberRuns(seen.frames, 6)}${file}`
  const one = seen.requests.length === 1
  const name = `request${one ? '' : 's'} ${numberRuns(seen.requests, 6)}`
  return place === null ? name : `${name} (${one ? '' : 'the last: '}${place})`
}

function countsText({ steps }: Comparison): string {
  const count = (weight: Weight | null) => steps.filter((step) => weightOf(step) === weight).length
  const parts = [`${count(null)} alike`, `${count('matters')} different`]
  if (count('unclear') > 0) parts.push(`${count('unclear')} that cannot be told`)
  if (count('minor') > 0) parts.push(`${count('minor')} with small differences`)
  return `${counted(steps.length, 'step')}: ${parts.join(', ')}`
}
