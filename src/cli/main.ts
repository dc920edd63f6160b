import { VERSION } from '../report/version.ts'
import type { CommandName, Invocation } from './commands.ts'
import { complain } from './complain.ts'
import { UsageError } from './errors.ts'
import { type Io, type Loaders, processIo } from './io.ts'
import { readPlainLine } from './plain-line.ts'

/** `npm bugs acmescope` opens the place that the package names, wherever it moves. */
const REPORT_AT = 'the issue tracker of acmescope (npm bugs acmescope)'

const COMMAND_MODULES: Readonly<Record<CommandName, () => Promise<(io: Io, invocation: Invocation) => Promise<number>>>> = {
  analyze: async () => (await import('./analyze-command.ts')).analyzeCommand,
  har: async () => (await import('./har-command.ts')).harCommand,
  extract: async () => (await import('./extract-command.ts')).extractCommand,
  redact: async () => (await import('./redact-command.ts')).redactCommand,
  diff: async () => (await import('./diff-command.ts')).diffCommand,
  rules: async () => (await import('./rules-command.ts')).rulesCommand,
  schema: async () => (await import('./schema-command.ts')).schemaCommand,
  completion: async () => (await import('./completion-command.ts')).completionCommand,
}

/**
 * The command line: `argv` without node and script. Returns the exit status; everything but an internal error is told in one line.
 * Nothing that a command does not need is loaded, because most of a small capture's time is start-up.
 */
export async function run(argv: readonly string[], io: Io = processIo(LOADERS)): Promise<number> {
  const verbose = argv.includes('--verbose')
  // a reader of stderr that goes away is no reason to end with Node's status 1, which would read as "findings"
  io.stderr.on('error', () => {})
  io.onCrash((error) => io.exit(internalError(io, error, verbose)))
  try {
    return await dispatch(argv, io)
  } catch (error) {
    if (!(error instanceof UsageError)) return internalError(io, error, verbose)
    complain(io, error.message)
    return 2
  }
}

/** The process's own, to build an Io around it. */
export const LOADERS: Loaders = {
  loadAnalysis: () => import('../analyze.ts'),
  loadComparison: () => import('../compare.ts'),
  loadExtraction: () => import('../extract.ts'),
  async loadCatalogue() {
    const [{ RULES }, { DIAGNOSES }] = await Promise.all([import('../rules/rules.ts'), import('../diagnosis/diagnose.ts')])
    return [...RULES, ...DIAGNOSES.map(({ kind }) => kind)]
  },
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') {
    io.stdout.write(`${VERSION}\n`)
    return 0
  }
  const invocation = readPlainLine(argv) ?? (await parsed(argv, io))
  if ('print' in invocation) {
    const { writeStream } = await import('./stream.ts')
    await writeStream(io.stdout, [invocation.print])
    return 0
  }
  const command = await COMMAND_MODULES[invocation.command]()
  return command(io, invocation)
}

async function parsed(argv: readonly string[], io: Io) {
  const [{ parseArguments }, { columnsOf }] = await Promise.all([import('./parser.ts'), import('./terminal.ts')])
  return parseArguments(argv, columnsOf(io, io.stdout))
}

function internalError(io: Io, error: unknown, verbose: boolean): number {
  const known = error instanceof Error
  const stack = verbose && known && error.stack !== undefined ? error.stack.split('\n').slice(1) : []
  complain(io, `internal error: ${known ? error.message : String(error)}; please report it at ${REPORT_AT}`, ...stack)
  return 70
}
