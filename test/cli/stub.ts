import { tmpdir } from 'node:os'
import { Writable } from 'node:stream'
import { CaptureError } from '../../src/capture/reader.ts'
import type { Input } from '../../src/capture/source.ts'
import type { AnalysisOptions, Io, Output } from '../../src/cli/io.ts'
import type { Report } from '../../src/report/report.ts'
import type { Catalogued } from '../../src/rules/rule.ts'
import * as reports from '../report/reports.ts'

/** A stream that keeps what is written. */
export class Sheet extends Writable {
  text = ''
  isTTY = false
  columns = 80
  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.text += chunk.toString()
    callback()
  }
}

export const CATALOGUE: readonly Catalogued[] = [
  {
    id: 'kid-required',
    group: 'kid',
    party: 'client',
    severity: 'error',
    level: 'request',
    tier: 1,
    title: 'Account-authenticated requests carry kid',
    norm: 'Every such request has to name its account in kid.',
    decide: 'Fails when protected.kid is absent or empty.',
    traps: ['revokeCert may carry jwk.'],
    unknownWhen: ['U-GAP', 'U-ROLE'],
    inPractice: { Boulder: '400 malformed', 'golang.org/x/crypto/acme': 'sends jwk when its look-up failed' },
    remedy: 'Send the account URL as kid.',
    references: ['RFC 8555 §6.2'],
    explains: { types: ['malformed'], details: [/No Key ID/] },
  } as Catalogued,
  {
    id: 'diag-lookup-failed',
    group: 'session',
    party: 'either',
    severity: 'error',
    level: 'session',
    tier: 1,
    title: 'Account look-up failed',
    norm: 'A look-up of a known key is answered with its URL.',
    decide: 'Look-up refused, then jwk.',
    traps: [],
    unknownWhen: [],
    inPractice: {},
    remedy: 'Answer look-ups.',
    references: [],
  },
]

export interface Ran {
  status: number
  stdout: string
  stderr: string
  /** What the analysis was called with; undefined when it was not. */
  called: { inputs: readonly Input[]; options: AnalysisOptions } | undefined
}

export interface Stub {
  report?: Report
  /** Thrown by the analysis instead of a report. */
  failure?: unknown
  env?: Record<string, string>
  folder?: string
  stdinIsTerminal?: boolean
  /** The analysis waits until it is told to stop, as a live capture does. */
  live?: boolean
  har?: readonly string[]
  stdout?: Output
  stderr?: Output
  onAnalysis?: (options: AnalysisOptions) => void
}

export { CaptureError }

/** A world for `run` in which the captures are files with any content and the analysis answers a given report. */
export function stubIo(stub: Stub): {
  io: Io
  ran: Omit<Ran, 'status'>
  interrupt: () => void
  crash: (error: unknown) => void
  exits: number[]
} {
  const stdout = stub.stdout ?? new Sheet()
  const stderr = stub.stderr ?? new Sheet()
  const listeners = new Set<() => void>()
  const exits: number[] = []
  const state: { called: Ran['called'] } = { called: undefined }
  const begin = async (inputs: readonly Input[], options: AnalysisOptions): Promise<void> => {
    state.called = { inputs, options }
    stub.onAnalysis?.(options)
    if (stub.failure !== undefined) throw stub.failure
    if (stub.live === true && options.signal?.aborted !== true)
      await new Promise<void>((resolve) => options.signal?.addEventListener('abort', () => resolve()))
  }
  let clock = 0
  let crash: (error: unknown) => void = () => {}
  const io: Io = {
    stdout,
    stderr,
    stdinIsTerminal: stub.stdinIsTerminal ?? false,
    env: { LANG: 'C.UTF-8', ...stub.env },
    platform: 'linux',
    folder: stub.folder ?? tmpdir(),
    now: () => {
      clock += 1000
      return clock
    },
    onInterrupt(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onCrash(listener) {
      crash = listener
    },
    exit: (status) => exits.push(status),
    loadAnalysis: async () => ({
      async analyze(inputs, options) {
        await begin(inputs, options)
        return stub.report ?? reports.serverStory()
      },
      async exportHar(inputs, options, write) {
        await begin(inputs, options)
        const chunks = stub.har ?? ['{"log":', '{}}']
        for (const chunk of chunks) write(chunk)
        return { exchanges: chunks.length, report: stub.report ?? reports.serverStory(), check: () => {} }
      },
    }),
    loadComparison: async () => ({
      async compare(good, bad, options) {
        await begin([...good, ...bad], options)
        throw new Error('the stub compares nothing')
      },
    }),
    loadExtraction: () => import('../../src/extract.ts'),
    loadCatalogue: async () => CATALOGUE,
  }
  return {
    io,
    ran: {
      get stdout() {
        return stdout instanceof Sheet ? stdout.text : ''
      },
      get stderr() {
        return stderr instanceof Sheet ? stderr.text : ''
      },
      get called() {
        return state.called
      },
    },
    interrupt: () => {
      for (const listener of [...listeners]) listener()
    },
    crash: (error) => crash(error),
    exits,
  }
}
