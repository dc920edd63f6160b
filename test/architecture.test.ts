import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'

/** From the top of the dataflow to the bottom; a file imports from its own folder and from folders above it, never from below. */
const ORDER = [
  'core',
  'platform',
  'capture',
  'net',
  'tcp',
  'tls',
  'http',
  'jose',
  'dns',
  'pki',
  'acme',
  'evidence',
  'rules',
  'diagnosis',
  'report',
  'export',
  'cli',
]
/** Packages that stand behind one folder alone, or one file. */
const DOORS: Record<string, RegExp> = {
  'pcap-parser': /^capture\/cross-check\.ts$/,
  'har-validator': /^http\/har\//,
  jose: /^jose\//,
  yargs: /^cli\//,
  esbuild: /^cli\/build\.ts$/,
  fzstd: /^platform\//,
  'dns-packet': /^dns\//,
  asn1js: /^pki\/der\.ts$/,
  yaml: /^evidence\/kubernetes\/manifest\.ts$/,
}
/** Wiring at the top: may import everything. */
const WIRING = /^[\w-]+\.ts$/

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

function importsOf(file: string): string[] {
  const text = readFileSync(`src/${file}`, 'utf8')
  return [...text.matchAll(/^(?:import|export|\}).*?from '([^']+)'$/gm), ...text.matchAll(/import\('([^']+)'\)/g)].map(
    (match) => match[1] as string,
  )
}

test('layers import downward only', (t) => {
  t.true(files.length > 50)
  for (const file of files) {
    if (WIRING.test(file)) continue
    const own = ORDER.indexOf(file.split('/')[0] as string)
    t.true(own >= 0, `${file}: put the folder into ORDER`)
    for (const target of importsOf(file).filter((name) => name.startsWith('.'))) {
      const path = new URL(target, `file:///src/${file}`).pathname.slice('/src/'.length)
      if (WIRING.test(path)) t.regex(file, /^cli\//, `${file} imports the wiring ${path}`)
      else t.true(ORDER.indexOf(path.split('/')[0] as string) <= own, `${file} imports ${path}, which is below it`)
    }
  }
})

test('node modules are imported in platform/ and cli/ only, each package behind its door', (t) => {
  for (const file of files)
    for (const target of importsOf(file).filter((name) => !name.startsWith('.'))) {
      if (target.startsWith('node:')) t.regex(file, /^(platform|cli)\//, `${file} imports ${target}`)
      else {
        const door = Object.entries(DOORS).find(([name]) => target === name || target.startsWith(`${name}/`))
        t.truthy(door, `${file} imports ${target}: give the package a door`)
        t.regex(file, door?.[1] ?? /$^/, `${file} imports ${target}`)
      }
    }
})
