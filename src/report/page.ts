import type { Catalogued } from '../rules/rule.ts'
import type { ExitStatus } from './conduct.ts'
import { DEFAULT_LIMIT, escapeText } from './escape.ts'
import type { Report, ReportRequest, Severity } from './report.ts'
import { PLAIN_STYLES, type Styles } from './styles.ts'
import { padEnd, widthOf, wrap } from './width.ts'

/** How a report is to look; the formats for programs ignore all of it. */
export interface RenderOptions {
  /** Columns; lines that can be broken are. */
  readonly width: number
  readonly styles: Styles
  /** Which characters the reader's terminal can show. */
  readonly charset: 'unicode' | 'ascii'
  /** Everything: no cut lists, no findings drawn together. */
  readonly verbose: boolean
  /** Only the verdict, the diagnosis and the counts. */
  readonly quiet: boolean
  /** Requests before a filter took some away; null when none did. */
  readonly unfiltered: number | null
  /** The mildest severity that fails a run; null for never. */
  readonly failOn: Severity | null
  /** With which this program will end; null when it is not a program that renders. */
  readonly exitStatus: ExitStatus | null
  /** Rules and diagnoses, for formats that explain them; handed in, because loading them all takes longer than most of this program does. */
  readonly catalogue: readonly Catalogued[]
}

export const DEFAULT_RENDER_OPTIONS: RenderOptions = {
  width: 100,
  styles: PLAIN_STYLES,
  charset: 'unicode',
  verbose: false,
  quiet: false,
  unfiltered: null,
  failOn: 'error',
  exitStatus: null,
  catalogue: [],
}

export interface Glyphs {
  readonly pass: string
  readonly fail: string
  readonly unknown: string
  readonly none: string
  readonly warning: string
  readonly note: string
  readonly ellipsis: string
  readonly dot: string
}

const GLYPHS: Readonly<Record<RenderOptions['charset'], Glyphs>> = {
  unicode: { pass: '✓', fail: '✗', unknown: '?', none: '–', warning: '!', note: 'i', ellipsis: '…', dot: '·' },
  ascii: { pass: '+', fail: 'x', unknown: '?', none: '-', warning: '!', note: 'i', ellipsis: '...', dot: '-' },
}

/** Narrower terminals get lines of this width all the same, wider ones no longer paragraphs than can be read. */
const MIN_WIDTH = 60
const MAX_PARAGRAPH = 120

/** How to write for one reader. */
export interface Pen {
  readonly styles: Styles
  readonly glyphs: Glyphs
  readonly width: number
  readonly paragraph: number
  /** Any text that comes from the capture, from a file's name, or quotes either. */
  safe(text: string, limit?: number): string
}

/** What every section of the screen report needs: the report, with requests looked up by id, and how to write. */
export interface Page extends Pen {
  readonly report: Report
  readonly options: RenderOptions
  readonly requests: ReadonlyMap<number, ReportRequest>
}

export function openPen(options: RenderOptions): Pen {
  const width = Math.max(MIN_WIDTH, options.width)
  const ascii = options.charset === 'ascii'
  return {
    styles: options.styles,
    glyphs: GLYPHS[options.charset],
    width,
    paragraph: Math.min(width, MAX_PARAGRAPH),
    safe: (text, limit = DEFAULT_LIMIT) => escapeText(text, limit, ascii),
  }
}

export function openPage(report: Report, options: RenderOptions): Page {
  return { ...openPen(options), report, options, requests: new Map(report.requests.map((request) => [request.id, request])) }
}

/** A label and a paragraph beside it, both already safe; `style` paints the label only. */
export function labelled(
  pen: Pen,
  label: string,
  text: string,
  {
    column = 15,
    indent = 2,
    style = pen.styles.quiet,
  }: { column?: number; indent?: number; style?: (text: string) => string } = {},
): string[] {
  const start = Math.max(column, widthOf(label) + 1)
  const margin = ' '.repeat(indent)
  const lines = wrap(text, Math.max(20, pen.paragraph - indent - start))
  return lines.map((line, at) =>
    at === 0 ? `${margin}${style(padEnd(label, start))}${line}` : `${margin}${' '.repeat(start)}${line}`,
  )
}

/** A paragraph with a hanging indent; `mark` stands before its first line. */
export function hanging(pen: Pen, mark: string, text: string, indent: number): string[] {
  const margin = ' '.repeat(indent)
  const hang = ' '.repeat(indent + widthOf(mark))
  return wrap(text, Math.max(20, pen.paragraph - hang.length)).map((line, at) => `${at === 0 ? `${margin}${mark}` : hang}${line}`)
}
