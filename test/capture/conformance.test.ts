import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { crossCheck } from '../../src/capture/cross-check.ts'
import { CaptureError } from '../../src/capture/reader.ts'
import { readAll } from './building.ts'

interface Item {
  readonly capture: string
  readonly packets: string
  readonly tshark_exit: number
}

interface Packet {
  readonly n: number
  readonly time: string
  readonly caplen: number
  readonly len: number
  readonly interface: number | null
  readonly sha256: string
}

const corpora = process.env.ACMESCOPE_CORPORA
const ifCorpora = corpora === undefined ? test.skip : test
const within = (...names: string[]) => join(corpora ?? '', ...names)
const readJson = <T>(...names: string[]) => JSON.parse(readFileSync(within(...names), 'utf8')) as T

/** Files of several sections, where tshark counts the interfaces of each section anew: its number by that over the whole file. */
const INTERFACES: Readonly<Record<string, readonly number[]>> = {
  'captures/pcapng-test-generator__output_be_difficult_test202.pcapng': [0, 1, 0, 0, 1],
  'captures/pcapng-test-generator__output_le_difficult_test202.pcapng': [0, 1, 0, 0, 1],
}

/** Classic captures that the other reader reads differently, and what is said about it. */
const DISAGREE: Readonly<Record<string, string>> = {
  'nDPI__pcap__fuzz-2021-06-07-c6c72a0a56.pcap':
    'the file is damaged, and each reader makes its own of that: 1 packets here, 1 there',
  'suricata-verify__bug-6875-01__fuzz.pcap': 'pcap-parser: a record claims 1409179648 captured bytes',
}

ifCorpora('pcapng: packets are those that tshark lists', async (t) => {
  const items = new Map(readJson<{ items: Item[] }>('pcapng', 'manifest.json').items.map((item) => [item.capture, item]))
  t.true(items.size > 0)
  for (const { capture, packets: golden, tshark_exit } of items.values()) {
    // Custom Blocks have a number among the packets, but no interface.
    const listed = readJson<{ packets: Packet[] }>('pcapng', golden).packets
    const expected = listed.filter((packet) => packet.interface !== null)
    // What tshark refuses in the middle may be read further.
    const all = await packetsOf(within('pcapng', capture))
    const ours = tshark_exit === 0 ? all : all.slice(0, expected.length)
    // A Simple Packet Block has no time: here that of the packet before is taken, with damage, and tshark prints none.
    const comparable = ours.map((packet, at) => ({
      ...packet,
      time: expected[at]?.time === '' ? '' : packet.time,
      interface: INTERFACES[capture]?.[packet.interface ?? 0] ?? packet.interface,
    }))
    t.deepEqual(comparable.map(shown), expected.map(shown), capture)
  }
})

function shown({ n, time, caplen, len, interface: on, sha256 }: Packet): string {
  return `${n} ${time} ${caplen} ${len} ${on} ${sha256}`
}

async function packetsOf(path: string): Promise<Packet[]> {
  try {
    const { packets } = await readAll(path)
    return packets.map(({ number, time, on, original, bytes }) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      return { n: number, time, caplen: bytes.length, len: original, interface: on, sha256 }
    })
  } catch (error) {
    if (error instanceof CaptureError) return []
    throw error
  }
}

ifCorpora('classic captures: package pcap-parser sees the same packets, or it is said why not', async (t) => {
  let checked = 0
  for (const set of ['http1', 'http2', 'tls', 'tunnels-linktypes', 'pcapng', 'malformed'])
    for (const name of readdirSync(within(set, 'captures'))) {
      const path = within(set, 'captures', name)
      const result = await crossCheck(path).catch((error: unknown) => {
        t.true(error instanceof CaptureError, `${path}: ${error}`)
        return null
      })
      if (result === null) continue
      checked++
      t.is(result.reason, DISAGREE[name] ?? null, path)
    }
  t.true(checked > 100, `${checked}`)
})
