import { existsSync, readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import { analyze } from '../src/analyze.ts'
import { octets, random } from './capture/building.ts'

/**
 * What a capture lacks never makes anybody guilty: whatever packets are missing, doubled or out of order, every error that the report holds
 * against a peer is one that the whole capture shows for the same request.
 */

type Random = (below: number) => number

/** Ways to hurt a capture, each a new list of its records. */
const DAMAGES: Readonly<Record<string, (records: readonly Uint8Array[], below: Random) => Uint8Array[]>> = {
  'one packet in twenty missing': (records, below) => records.filter(() => below(20) > 0),
  'one packet in three missing': (records, below) => records.filter(() => below(3) > 0),
  'joined late': (records, below) => records.slice(below(records.length)),
  'stopped early': (records, below) => records.slice(0, 1 + below(records.length)),
  'doubled, with a hole': (records, below) =>
    hole(
      records.flatMap((record) => (below(3) > 0 ? [record] : [record, record])),
      below,
    ),
  'neighbours swapped, with a hole': (records, below) => {
    const swapped = [...records]
    for (let count = records.length / 5; count > 0; count--) {
      const at = below(records.length - 1)
      ;[swapped[at], swapped[at + 1]] = [swapped[at + 1] as Uint8Array, swapped[at] as Uint8Array]
    }
    return hole(swapped, below)
  },
}

function hole(records: readonly Uint8Array[], below: Random): Uint8Array[] {
  const from = below(records.length)
  return [...records.slice(0, from), ...records.slice(from + below(30))]
}

/** The file header of a little-endian classic capture, and its records. */
function split(file: Uint8Array): { header: Uint8Array; records: Uint8Array[] } {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const records: Uint8Array[] = []
  for (let at = 24; at + 16 <= file.length; ) {
    const end = at + 16 + view.getUint32(at + 8, true)
    records.push(file.subarray(at, end))
    at = end
  }
  return { header: file.subarray(0, 24), records }
}

async function accusations(capture: Uint8Array, keyLogs: string[]): Promise<Set<string>> {
  const { requests } = await analyze([capture], { keyLogs })
  const errors = requests.flatMap(({ time, findings }) =>
    findings.filter(({ severity, party }) => severity === 'error' && party !== 'capture').map(({ rule }) => `${time} ${rule}`),
  )
  return new Set(errors)
}

for (const name of readdirSync('samples').filter((file) => file.endsWith('.pcap')))
  test(`${name}: loss makes nobody guilty`, async (t) => {
    const keys = `samples/${name.replace('.pcap', '.keys')}`
    const keyLogs = existsSync(keys) ? [keys] : []
    const whole = readFileSync(`samples/${name}`)
    const { header, records } = split(whole)
    t.true(records.length > 10)
    const known = await accusations(whole, keyLogs)
    for (const [damage, hurt] of Object.entries(DAMAGES))
      for (const seed of [1, 2, 3]) {
        const left = hurt(records, random(seed * 7919))
        const found = await accusations(octets(header, ...left), keyLogs)
        t.deepEqual(
          [...found].filter((error) => !known.has(error)),
          [],
          `${damage}, seed ${seed}`,
        )
      }
  })
