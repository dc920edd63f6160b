import { renderGithub } from './github.ts'
import { renderGitlab } from './gitlab.ts'
import { renderHtml } from './html.ts'
import { renderJson } from './json.ts'
import { renderJunit } from './junit.ts'
import { renderMarkdown } from './markdown.ts'
import { renderNdjson } from './ndjson.ts'
import type { RenderOptions } from './page.ts'
import type { Report } from './report.ts'
import { renderSarif } from './sarif.ts'
import { renderText } from './text.ts'

/** One row of FORMATS: how a report is written for somebody. */
export interface Format {
  readonly name: string
  /** Endings of file names that mean it, with the dot. */
  readonly endings: readonly string[]
  /** Whether it hides secrets and names unless told otherwise. */
  readonly redacts: boolean
  /** In pieces of any length: a large report fits into no single string. */
  render(report: Report, options: RenderOptions): Iterable<string>
}

/** A new format is one file and one line here. */
export const FORMATS: readonly Format[] = [
  { name: 'text', endings: ['.txt'], redacts: false, render: renderText },
  { name: 'json', endings: ['.json'], redacts: false, render: renderJson },
  { name: 'ndjson', endings: ['.ndjson'], redacts: false, render: renderNdjson },
  { name: 'markdown', endings: ['.md'], redacts: true, render: renderMarkdown },
  { name: 'html', endings: ['.html', '.htm'], redacts: true, render: renderHtml },
  { name: 'sarif', endings: ['.sarif', '.sarif.json'], redacts: true, render: renderSarif },
  { name: 'junit', endings: ['.xml'], redacts: true, render: renderJunit },
  { name: 'github', endings: [], redacts: true, render: renderGithub },
  { name: 'gitlab', endings: [], redacts: true, render: renderGitlab },
]

export function formatNamed(name: string): Format | undefined {
  return FORMATS.find((format) => format.name === name)
}

/** Told by the ending of the file's name, in any case, the longest that fits; undefined when no format has it. */
export function formatOfFile(path: string): Format | undefined {
  const name = path.toLowerCase()
  const lengthIn = (format: Format) =>
    Math.max(0, ...format.endings.filter((ending) => name.endsWith(ending)).map(({ length }) => length))
  const [best] = [...FORMATS].sort((a, b) => lengthIn(b) - lengthIn(a))
  return best !== undefined && lengthIn(best) > 0 ? best : undefined
}
