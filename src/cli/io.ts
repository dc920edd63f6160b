import type { Writable } from 'node:stream'
import type { SeenRequest } from '../acme/preview.ts'
import type { Input } from '../capture/source.ts'
import type { ConfigChoice } from '../config.ts'
import type { Comparison } from '../export/diff/compare.ts'
import type { Extract } from '../extract.ts'
import type { RedactOptions } from '../report/redact.ts'
import type { Report } from '../report/report.ts'
import type { Catalogued } from '../rules/rule.ts'

/** A stream to a terminal, or to anything else. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number }

export interface AnalysisOptions {
  readonly keyLogs: readonly string[]
  readonly tlsKeys: readonly string[]
  readonly accountKeys: readonly string[]
  readonly eabKeys: Readonly<Record<string, string>>
  readonly kubernetes: readonly string[]
  readonly logs: readonly string[]
  readonly verify: boolean
  readonly crossCheck: boolean
  readonly hash: boolean
  readonly config?: ConfigChoice
  /** Show private key members that a client sent: `--no-redact` was asked for. */
  readonly revealPrivateKeys?: boolean
  readonly onProgress?: (readBytes: number, totalBytes: number | null) => void
  readonly signal?: AbortSignal
  readonly follow?: boolean
  readonly onRequest?: (seen: SeenRequest) => void
}

/** What the commands do the work with; loaded late, so that a command pays for what it uses only. */
export interface Analysis {
  analyze(inputs: readonly Input[], options: AnalysisOptions): Promise<Report>
  exportHar(
    inputs: readonly string[],
    options: AnalysisOptions & { readonly acmeOnly: boolean; readonly redaction: RedactOptions | null },
    write: (chunk: string) => void,
  ): Promise<{ exchanges: number; report: Report; check: (pieces: Iterable<string>) => void }>
}

/** What `diff` does the work with. */
export interface Comparing {
  compare(
    good: readonly string[],
    bad: readonly string[],
    options: AnalysisOptions,
  ): Promise<{ comparison: Comparison; reports: readonly [Report, Report] }>
}

/** What `extract` does the work with. */
export interface Extraction {
  extractRequest(path: string, id: number, options: AnalysisOptions): Promise<Extract>
}

/** The world around the command line: everything that a test has to be able to replace. */
export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly stdinIsTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  /** The working directory. */
  readonly folder: string
  now(): number
  /** Calls back at every Ctrl-C until the returned function is called; meanwhile Ctrl-C does not end the process. */
  onInterrupt(listener: () => void): () => void
  /** Calls back with an error that nothing caught, instead of Node's own end with status 1. */
  onCrash(listener: (error: unknown) => void): void
  /** Ends the process at once. */
  exit(status: number): void
  loadAnalysis(): Promise<Analysis>
  loadComparison(): Promise<Comparing>
  loadExtraction(): Promise<Extraction>
  loadCatalogue(): Promise<readonly Catalogued[]>
}

/** What commands load when they need it. */
export type Loaders = Pick<Io, 'loadAnalysis' | 'loadComparison' | 'loadExtraction' | 'loadCatalogue'>

export function processIo(loaders: Loaders): Io {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    get stdinIsTerminal() {
      return process.stdin.isTTY === true
    },
    env: process.env,
    platform: process.platform,
    get folder() {
      return process.cwd()
    },
    now: () => performance.now(),
    onInterrupt(listener) {
      process.on('SIGINT', listener)
      return () => process.off('SIGINT', listener)
    },
    onCrash(listener) {
      process.on('uncaughtException', listener)
    },
    exit: (status) => process.exit(status),
    ...loaders,
  }
}
