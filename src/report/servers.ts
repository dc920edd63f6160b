import type { Page } from './page.ts'
import type { ReportServer } from './report.ts'

/**
 * Each CA that was recognised, and what is known of its kind where this report speaks of that; all of it with --verbose. It helps to read
 * the answers; no verdict rests on it.
 */
export function serverTexts(page: Page): string[] {
  const spoken = new Set([
    ...page.report.diagnoses.map(({ id }) => id),
    ...page.report.requests.flatMap(({ findings }) => findings.map(({ rule }) => rule)),
  ])
  return page.report.servers.flatMap((server) => {
    const { profile, known } = server
    if (profile === null) return []
    const told = known.filter(({ rules }) => page.options.verbose || rules.some((rule) => spoken.has(rule)))
    const texts = told.map(({ text }) => page.safe(text, 300))
    return [
      `${nameOf(page, server)} is ${page.safe(profile.name, 80)}, by ${page.safe(profile.recognisedBy, 200)}.${texts.length === 0 ? '' : ` Known of it: ${texts.join(' ')}`}`,
    ]
  })
}

function nameOf(page: Page, { directory, authorities }: ReportServer): string {
  return page.safe(directory ?? authorities[0] ?? 'a CA without a directory', 200)
}
