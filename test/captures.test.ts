import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { analyze } from '../src/analyze.ts'
import { FORMATS } from '../src/report/formats.ts'
import { DEFAULT_RENDER_OPTIONS } from '../src/report/page.ts'
import { HIDE_ALL, redactReport } from '../src/report/redact.ts'
import { leaksOf, privateValues } from './support/leaks.ts'
import { harFaults, newAccusations, redactedHar, shapes } from './support/redacted-har.ts'

/** A folder of folders, each with a capture and perhaps its key log: everything in it is redacted and searched. */
const folder = process.env.ACMESCOPE_CAPTURES
const captures = folder === undefined ? [] : readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory())

/** TLS secrets of a key log, cookies and the like have no place in any output at all. */
function secretsIn(keyLogs: readonly string[]): Set<string> {
  const secrets = new Set<string>()
  for (const path of keyLogs)
    for (const [, random, secret] of readFileSync(path, 'latin1').matchAll(/^[A-Z_0-9]+ ([0-9a-f]{64}) ([0-9a-f]{64,})\s*$/gim))
      if (random !== undefined && secret !== undefined) secrets.add(secret)
  return secrets
}

for (const name of captures) {
  const inside = join(folder ?? '', name)
  const [capture] = readdirSync(inside).filter((file) => /^capture\.|\.(?:pcap|pcapng|har)(?:\.(?:gz|zst))?$/.test(file))
  if (capture === undefined) continue
  test(`${name}: redacted, searched, analysed again`, async (t) => {
    const keys = join(inside, 'sslkeys.log')
    const keyLogs = existsSync(keys) ? [keys] : []
    const path = join(inside, capture)
    const original = await analyze([path], { keyLogs })
    const values = new Set([...privateValues(original), ...secretsIn(keyLogs)])
    const redacted = redactReport(original, HIDE_ALL)
    let leaks = 0
    for (const format of FORMATS) {
      const text = [...format.render(redacted.report, { ...DEFAULT_RENDER_OPTIONS, verbose: true })].join('')
      redacted.check([text])
      const found = leaksOf(text, values)
      leaks += found.length
      t.deepEqual(found.slice(0, 5), [], format.name)
    }
    if (original.requests.length > 0) {
      const { text, again } = await redactedHar(path, keyLogs)
      const found = leaksOf(text, values)
      leaks += found.length
      t.deepEqual(found.slice(0, 5), [])
      t.deepEqual(harFaults(text).slice(0, 5), [])
      t.deepEqual(shapes(again), shapes(original))
      t.deepEqual(newAccusations(original, again), [])
    }
    t.log(`${values.size} values searched in ${FORMATS.length + 1} outputs, ${leaks} leaks`)
  })
}

if (captures.length === 0) test('captures of ACMESCOPE_CAPTURES', (t) => t.pass('none is set'))
