import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'
import type { Script } from 'node:vm'
import { build } from 'esbuild'
import { type Io, processIo } from './io.ts'
import type * as CommandLine from './main.ts'
import { manualPage } from './manual.ts'

/**
 * What `npm run build` makes of the compiled program: the bundle that bin/ runs, V8's compiled functions for it, the JSON Schemas and the
 * manual page. Run at the top of the project; not part of the package.
 */
const FOLDER = 'dist/cli'

/**
 * One file: what the sources import late is still evaluated late in it. Names stay, so that the stack of an internal error can be read.
 */
async function bundle(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: ['src/cli/main.ts'],
    outfile: `${FOLDER}/main.cjs`,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    alias: { 'string-width': './src/cli/string-width.ts' },
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: '(function (require, module, bundleUrl) {' },
    footer: { js: '})' },
    logLevel: 'warning',
    write: false,
  })
  mkdirSync(FOLDER, { recursive: true })
  for (const { path, text } of outputFiles) writeFileSync(path, asAscii(text))
}

/** With escapes for what esbuild leaves in regular expressions: V8 keeps ASCII in half the memory, and reads it without decoding. */
function asAscii(script: string): string {
  return script.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const sample = (name: string) => `samples/${name}`
const withKeys = (name: string) => [sample(`${name}.pcap`), '--keylog', sample(`${name}.keys`)]

/** By the name of the cache: runs after which the functions that V8 has compiled are those that most runs need. */
const TYPICAL_RUNS = {
  help: [['--help'], ['--version']],
  analyze: [
    [sample('story-broken-server.pcap')],
    withKeys('honest-certbot'),
    [...withKeys('wrong-bindings'), '--format', 'json'],
    [sample('honest-lego.har'), '--fail-on', 'never'],
  ],
}

/** A bundle for each, since V8 puts all that a script has compiled into its cache. */
async function writeCache(kind: keyof typeof TYPICAL_RUNS): Promise<void> {
  const { script, commandLine } = openBundle(TYPICAL_RUNS[kind][0] ?? [])
  for (const argv of TYPICAL_RUNS[kind]) await output(commandLine, argv)
  writeFileSync(`${FOLDER}/${kind}.cache`, script.createCachedData())
}

const { openBundle } = createRequire(import.meta.url)('../../../bin/bundle.js') as {
  openBundle(argv: readonly string[]): { readonly script: Script; readonly commandLine: typeof CommandLine }
}

/** What a run writes to standard output. */
async function output({ run, LOADERS }: typeof CommandLine, argv: readonly string[]): Promise<string> {
  const pieces: string[] = []
  const sheet = () => new Writable({ write: (_piece, _encoding, done) => done() })
  const stdout = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece.toString())
      done()
    },
  })
  const io: Io = { ...processIo(LOADERS), stdout, stderr: sheet(), env: {}, onCrash() {} }
  const status = await run(argv, io)
  if (status > 1) throw new Error(`acmescope ${argv.join(' ')}: exit status ${status}`)
  return pieces.join('')
}

await bundle()
await writeCache('help')
await writeCache('analyze')
const { commandLine } = openBundle([])
writeFileSync('dist/report.schema.json', await output(commandLine, ['schema']))
writeFileSync('dist/config.schema.json', await output(commandLine, ['schema', 'config']))
mkdirSync('man', { recursive: true })
writeFileSync('man/acmescope.1', manualPage(new Date().toISOString().slice(0, 10)))
