import { type ExitStatus, exitStatusOf } from '../report/conduct.ts'
import { filterReport } from '../report/filter.ts'
import { FORMATS, type Format, formatNamed, formatOfFile } from '../report/formats.ts'
import { renderGithub } from '../report/github.ts'
import { explainNothingJudged } from '../report/nothing-judged.ts'
import type { RenderOptions } from '../report/page.ts'
import type { Report } from '../report/report.ts'
import type { Invocation } from './commands.ts'
import { complain } from './complain.ts'
import { UsageError } from './errors.ts'
import { createFile, protectInputs } from './files.ts'
import { readSources } from './inputs.ts'
import type { Io } from './io.ts'
import { type OptionReader, readFailOn, readFilter, readOptions } from './settings.ts'
import { writeStream } from './stream.ts'
import { FILE_LOOK, lookOf } from './terminal.ts'
import { workOn } from './work.ts'

/** `acmescope analyze`: everything typed is checked before anything is read. */
export async function analyzeCommand(io: Io, invocation: Invocation): Promise<number> {
  const options = readOptions(invocation)
  const filter = readFilter(options)
  const failOn = readFailOn(options)
  const look = lookOf(io, options)
  const outputs = readOutputs(options)
  checkRedaction(options, outputs)
  const sources = readSources(io, invocation.words, options)
  protectInputs(
    outputs.files.map(({ path }) => path),
    sources.files,
  )

  const quiet = options.isOn('quiet')
  const report = await workOn(io, sources, quiet, (analysis, how) =>
    analysis.analyze(sources.inputs, { ...how, revealPrivateKeys: options.isOn('no-redact') }),
  )
  const shown = filterReport(report, filter)
  const exitStatus = exitStatusOf(report, failOn)
  const rendering: Omit<RenderOptions, keyof typeof FILE_LOOK> = {
    verbose: options.isOn('verbose'),
    quiet,
    unfiltered: shown.requests.length === report.requests.length ? null : report.requests.length,
    failOn,
    exitStatus,
  }
  for (const { path, format } of outputs.files) writeFile(path, format.render(shown, { ...FILE_LOOK, ...rendering }))
  if (outputs.stdout !== null) await writeStream(io.stdout, outputs.stdout.render(shown, { ...look, ...rendering }))
  if (annotates(io, options, outputs)) await writeStream(io.stderr, renderGithub(shown, { ...FILE_LOOK, ...rendering }))
  explainStatus(io, report, exitStatus)
  return exitStatus
}

interface Outputs {
  /** Null: nothing goes to standard output. */
  readonly stdout: Format | null
  readonly files: readonly { readonly path: string; readonly format: Format }[]
}

/** `--format` is for standard output, or for the files whose ending names no format. */
function readOutputs(options: OptionReader): Outputs {
  const name = options.choice(
    'format',
    FORMATS.map((format) => format.name),
  )
  const chosen = name === null ? undefined : formatNamed(name)
  let used = false
  const files = options.values('output').map((path) => {
    const own = formatOfFile(path)
    if (own !== undefined) return { path, format: own }
    if (chosen === undefined) {
      const endings = FORMATS.flatMap((format) => format.endings).join(' ')
      throw new UsageError(`-o ${path}: the ending names no format (${endings}); add --format`)
    }
    used = true
    return { path, format: chosen }
  })
  if (files.length === 0) return { stdout: chosen ?? formatNamed('text') ?? null, files }
  return { stdout: used ? null : (chosen ?? null), files }
}

/** What is made to be shared hides secrets and names, or is not written: nothing leaves by default that cannot be taken back. */
function checkRedaction(options: OptionReader, { stdout, files }: Outputs): void {
  const formats = [stdout, ...files.map(({ format }) => format)].filter((format) => format !== null)
  const names = (some: readonly Format[]) => [...new Set(some.map(({ name }) => name))].join(', ')
  if (options.isOn('redact')) {
    if (options.isOn('no-redact')) throw new UsageError('--redact and --no-redact exclude each other')
    throw new UsageError(
      `--redact: reports (${names(formats)}) cannot be redacted yet, and none was written; leave it away to see everything as captured`,
    )
  }
  const shared = formats.filter(({ redacts }) => redacts)
  if (shared.length > 0 && !options.isOn('no-redact'))
    throw new UsageError(
      `${names(shared)}: a report to be shared hides secrets and names, and they cannot be hidden yet; add --no-redact to write everything as captured`,
    )
}

function writeFile(path: string, pieces: Iterable<string>): void {
  const file = createFile(path)
  try {
    for (const piece of pieces) file.write(piece)
    file.commit()
  } finally {
    file.discard()
  }
}

/**
 * In a job of GitHub Actions what was found also becomes annotations. They go to standard error, where the runner finds them as well, so
 * that standard output stays the report alone; and like every report to be shared they are not written when nothing can be hidden.
 */
function annotates(io: Io, options: OptionReader, outputs: Outputs): boolean {
  const isGithub = (format: Format | null) => format?.name === 'github'
  const asked = isGithub(outputs.stdout) || outputs.files.some(({ format }) => isGithub(format))
  return io.env.GITHUB_ACTIONS === 'true' && !asked && !options.isOn('quiet') && options.isOn('no-redact')
}

/** Why nothing could be judged, for whoever reads no report. */
function explainStatus(io: Io, report: Report, status: ExitStatus): void {
  const nothing = status === 3 ? explainNothingJudged(report) : null
  if (nothing !== null) complain(io, `no ACME request could be judged: ${nothing.reason}`, nothing.remedy)
}
