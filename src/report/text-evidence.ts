import { hanging, type Page } from './page.ts'
import type { StyleName } from './styles.ts'
import { kubernetesTold, logTold, type PointMark, type ToldEvidence } from './told-evidence.ts'

const STYLES: Readonly<Record<PointMark, StyleName>> = {
  agrees: 'good',
  differs: 'warn',
  failed: 'warn',
  said: 'quiet',
  open: 'quiet',
}

const WORDS: Readonly<Record<PointMark, string>> = {
  agrees: 'as in the capture',
  differs: 'differs from the capture',
  failed: 'a failure in words',
  said: 'for information',
  open: 'the capture does not show it',
}

export function kubernetesLines(page: Page): Iterable<string> {
  return evidenceLines(page, 'What Kubernetes knew', kubernetesTold(page))
}

export function logLines(page: Page): Iterable<string> {
  return evidenceLines(page, 'What the client logged', logTold(page))
}

function* evidenceLines(page: Page, title: string, told: ToldEvidence | null): Iterable<string> {
  if (told === null) return
  const { glyphs, styles } = page
  const marks: Readonly<Record<PointMark, string>> = {
    agrees: glyphs.pass,
    differs: glyphs.fail,
    failed: glyphs.warning,
    said: glyphs.note,
    open: glyphs.unknown,
  }
  yield styles.strong(title)
  yield ''
  for (const text of told.read) yield* hanging(page, '', text, 2)
  for (const { head, points } of told.groups) {
    yield ''
    yield* hanging(page, '', head, 2)
    for (const { mark, text } of points) {
      const [first = '', ...rest] = hanging(page, `${marks[mark]} `, text, 4)
      yield first.replace(marks[mark], styles[STYLES[mark]](marks[mark]))
      yield* rest
    }
  }
  if (told.groups.length > 0) yield* legend(page, marks, told)
  if (told.rest.length > 0) yield ''
  for (const text of told.rest) yield* hanging(page, '- ', text, 2)
}

/** The marks that were used. */
function* legend(page: Page, marks: Readonly<Record<PointMark, string>>, { groups }: ToldEvidence): Iterable<string> {
  const used = new Set(groups.flatMap(({ points }) => points.map(({ mark }) => mark)))
  if (used.size < 2) return
  const names = Object.keys(WORDS) as PointMark[]
  yield ''
  const words = names.filter((mark) => used.has(mark)).map((mark) => `${marks[mark]} ${WORDS[mark]}`)
  for (const line of hanging(page, '', words.join(', '), 2)) yield page.styles.quiet(line)
}
