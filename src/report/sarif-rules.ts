import type { Catalogued } from '../rules/rule.ts'
import { code, inline } from './markdown-inline.ts'
import { capitalised } from './phrases.ts'
import { linkOf } from './references.ts'
import type { Severity } from './report.ts'

/** Level of a result (SARIF 2.1.0, 3.27.10). */
export const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
}
/** What GitHub shows and filters by. */
const PROBLEMS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'recommendation' }
/** GitHub takes no longer descriptions. */
const MAX_DESCRIPTION = 1024

/** The reportingDescriptor (3.49) of a rule or of a diagnosis, from the fields that `acmescope rules ID` prints. */
export function descriptorOf(id: string, entry: Catalogued | undefined): Record<string, unknown> {
  // a report of another version of this program
  if (entry === undefined) return { id }
  const helpUri = entry.references.map(linkOf).find((link) => link !== null)
  const severity = entry.party === 'capture' ? 'info' : entry.severity
  return {
    id,
    name: id.split('-').map(capitalised).join(''),
    shortDescription: { text: cut(entry.title) },
    fullDescription: { text: cut(entry.norm) },
    help: helpOf(entry),
    ...(helpUri === undefined ? {} : { helpUri }),
    defaultConfiguration: { level: LEVELS[severity] },
    properties: {
      tags: [...new Set(['acme', entry.group, entry.party])],
      precision: 'very-high',
      'problem.severity': PROBLEMS[severity],
    },
  }
}

function cut(text: string): string {
  return text.length <= MAX_DESCRIPTION ? text : `${text.slice(0, MAX_DESCRIPTION - 1)}…`
}

function helpOf(entry: Catalogued): { text: string; markdown: string } {
  const sections: [title: string, texts: readonly string[]][] = [
    ['Why it matters', entry.why === undefined ? [] : [entry.why]],
    ['What the norm says', [entry.norm]],
    ['What to do', [entry.remedy, ...Object.entries(entry.fixes ?? {}).map(([client, words]) => `${client}: ${words}`)]],
    ['In practice', Object.entries(entry.inPractice).map(([name, words]) => `${name}: ${words}`)],
  ]
  const told = sections.filter(([, texts]) => texts.length > 0)
  const links = entry.references.map((reference) => {
    const link = linkOf(reference)
    return link === null ? inline(reference) : `[${reference}](${link})`
  })
  const more = `acmescope rules ${entry.id}`
  return {
    text: [
      ...told.map(
        ([title, texts]) => `${title}:${texts.length === 1 ? ` ${texts[0]}` : texts.map((text) => `\n- ${text}`).join('')}`,
      ),
      ...(entry.references.length === 0 ? [] : [`References: ${entry.references.join(', ')}`]),
      `More: ${more}`,
    ].join('\n\n'),
    markdown: [
      ...told.map(
        ([title, texts]) =>
          `**${title}**\n\n${texts.map((text) => (texts.length === 1 ? inline(text) : `- ${inline(text)}`)).join('\n')}`,
      ),
      ...(links.length === 0 ? [] : [`**References:** ${links.join(', ')}`]),
      `More: ${code(more)}`,
    ].join('\n\n'),
  }
}
