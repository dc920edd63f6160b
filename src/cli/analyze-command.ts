import { type ExitStatus, exitStatusOf } from '../report/conduct.ts'
import { filterReport } from '../report/filter.ts'
import { FORMATS, type Format, formatNamed, formatOfFile } from '../report/formats.ts'
import { explainNothingJudged } from '../report/nothing-judged.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from '../report/page.ts'
import type { Redacted } from '../report/redact.ts'
import type { Report } from '../report/report.ts'
import type { Invocation } from './commands.ts'
import { complain } from './complain.ts'
import { readConfig } from './config-file.ts'
import { UsageError } from './errors.ts'
import { createFile, protectInputs } from './files.ts'
import { FOLLOWED_FORMATS, openFollower } from './follow.ts'
import { readSources } from './inputs.ts'
import type { Io, Output } from './io.ts'
import { checkUse, type RedactionChoice, readRedaction } from './redaction.ts'
import { type OptionReader, readFailOn, readFilter, readOptions } from './settings.ts'
import { writeStream } from './stream.ts'
import { FILE_LOOK, lookOf } from './terminal.ts'
import { workOn } from './work.ts'

/** `acmescope analyze`: everything typed is checked before anything is read. */
export async function analyzeCommand(io: Io, invocation: Invocation): Promise<number> {
  const options = readOptions(invocation)
  const filter = readFilter(options)
  const failOn = readFailOn(options)
  const outputs = readOutputs(options)
  const redaction = readRedaction(options)
  const places = placesOf(io, options, outputs)
  const hides = (format: Format) => redaction.chosen ?? format.redacts
  checkUse(
    redaction,
    places.some(({ format }) => hides(format)),
  )
  const followed = readFollow(options, invocation, outputs, redaction)
  const sources = readSources(io, invocation.words, options)
  const config = await readConfig(io, options)
  protectInputs(
    outputs.files.map(({ path }) => path),
    [...sources.files, ...redaction.files, ...(config.path === null ? [] : [config.path])],
  )

  const quiet = options.isOn('quiet')
  const follower =
    followed === null ? null : openFollower(io, followed, { ...DEFAULT_RENDER_OPTIONS, ...lookOf(io, options), quiet }, filter)
  const report = await workOn(
    io,
    sources,
    quiet || follower !== null,
    (analysis, how) =>
      analysis.analyze(sources.inputs, {
        ...how,
        config: config.choice,
        revealPrivateKeys: redaction.chosen === false,
        ...(follower === null ? {} : { follow: true, onRequest: follower.onRequest }),
      }),
    follower !== null,
  )
  follower?.end()
  const shown = filterReport(report, filter)
  const exitStatus = exitStatusOf(report, failOn)
  const rendering: Omit<RenderOptions, keyof typeof FILE_LOOK> = {
    verbose: options.isOn('verbose'),
    quiet,
    unfiltered: shown.requests.length === report.requests.length ? null : report.requests.length,
    failOn,
    exitStatus,
    // the analysis has loaded them already
    catalogue: await io.loadCatalogue(),
  }
  const redacted = places.some(({ format }) => hides(format)) ? await redactOnce(shown, report, redaction) : null
  const written = places.map(({ to, format, look }) => {
    const hidden = hides(format) ? redacted : null
    const render = () => format.render(hidden?.report ?? shown, { ...look, ...rendering })
    return { to, render, check: () => hidden?.check(render()) }
  })
  for (const { check } of written) check()
  for (const { to, render } of written)
    if (typeof to === 'string') writeFile(to, render())
    else await writeStream(to, render())
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

/** The format in which requests are told as they come; null without --follow. */
function readFollow(options: OptionReader, { words }: Invocation, outputs: Outputs, redaction: RedactionChoice): string | null {
  if (!options.isOn('follow')) return null
  const name = outputs.stdout?.name
  if (name === undefined || !FOLLOWED_FORMATS.includes(name))
    throw new UsageError(
      `--follow writes to standard output as ${FOLLOWED_FORMATS.join(' or ')}: add --format ${FOLLOWED_FORMATS[0]}`,
    )
  if (redaction.chosen === true)
    throw new UsageError(
      '--follow shows requests as they come, and what is to be hidden is known at the end only; not with --redact',
    )
  if (words.length > 1) throw new UsageError('--follow reads one capture')
  return name
}

/** One output: a file by its path, or a stream. */
interface Place {
  readonly to: string | Output
  readonly format: Format
  readonly look: typeof FILE_LOOK
}

function placesOf(io: Io, options: OptionReader, outputs: Outputs): Place[] {
  const places: Place[] = outputs.files.map(({ path, format }) => ({ to: path, format, look: FILE_LOOK }))
  if (outputs.stdout !== null) places.push({ to: io.stdout, format: outputs.stdout, look: lookOf(io, options) })
  const github = formatNamed('github')
  if (github !== undefined && annotates(io, options, outputs)) places.push({ to: io.stderr, format: github, look: FILE_LOOK })
  return places
}

/** One redaction for all outputs of the run, loaded when one needs it. */
async function redactOnce(shown: Report, whole: Report, { options }: RedactionChoice): Promise<Redacted> {
  const { redactReport } = await import('../report/redact.ts')
  return redactReport(shown, options, whole)
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
 * that standard output stays the report alone.
 */
function annotates(io: Io, options: OptionReader, outputs: Outputs): boolean {
  const isGithub = (format: Format | null) => format?.name === 'github'
  const asked = isGithub(outputs.stdout) || outputs.files.some(({ format }) => isGithub(format))
  return io.env.GITHUB_ACTIONS === 'true' && !asked && !options.isOn('quiet')
}

/** Why nothing could be judged, for whoever reads no report. */
function explainStatus(io: Io, report: Report, status: ExitStatus): void {
  const nothing = status === 3 ? explainNothingJudged(report) : null
  if (nothing !== null) complain(io, `no ACME request could be judged: ${nothing.reason}`, nothing.remedy)
}
