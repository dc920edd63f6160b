import { parse } from 'pcap-parser'
import { newSha256 } from '../platform/files.ts'
import { readableFile } from '../platform/streams.ts'
import { OpenInput } from './open-input.ts'
import { MAX_RECORD } from './window.ts'

/** Whether two independent readers saw the same packets in a classic capture: count, times, lengths and octets. */
export interface CrossCheck {
  readonly reader: 'pcap-parser'
  readonly packets: number
  readonly agrees: boolean
  /** Why not, when they do not agree. */
  readonly reason: string | null
}

/** Running digest of packets, the same for both readers. */
class Packets {
  readonly #hash = newSha256()
  readonly #numbers = new Float64Array(4)
  count = 0

  add(seconds: number, micros: number, captured: number, original: number, bytes: Uint8Array): void {
    this.count++
    this.#numbers.set([seconds, micros, captured, original])
    this.#hash.update(new Uint8Array(this.#numbers.buffer)).update(bytes)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

/** Reads a classic capture with our reader and with package pcap-parser; null when that one does not know the variant (only microseconds). */
export async function crossCheck(path: string): Promise<CrossCheck | null> {
  const input = await OpenInput.open(path, 0, path, false)
  if (input.compression !== null || !isClassicMicros(input.head())) return null
  const ours = await readOurs(input)
  const theirs = new Packets()
  const fault = await readTheirs(path, theirs)
  const agrees = fault === null && ours.count === theirs.count && ours.digest() === theirs.digest()
  return { reader: 'pcap-parser', packets: theirs.count, agrees, reason: agrees ? null : reasonOf(input, ours, theirs, fault) }
}

function reasonOf(input: OpenInput, ours: Packets, theirs: Packets, fault: string | null): string {
  if (fault !== null) return `pcap-parser: ${fault}`
  const counts = `${ours.count} packets here, ${theirs.count} there`
  // It ends without a word where a record is damaged.
  if (input.facts.damage.size > 0) return `the file is damaged, and each reader makes its own of that: ${counts}`
  return ours.count === theirs.count ? 'the packets differ' : counts
}

function isClassicMicros(head: Uint8Array): boolean {
  const magic = head.length < 4 ? 0 : new DataView(head.buffer, head.byteOffset).getUint32(0)
  return magic === 0xa1b2c3d4 || magic === 0xd4c3b2a1
}

async function readOurs(input: OpenInput): Promise<Packets> {
  const packets = new Packets()
  for (let answer = input.next(); answer !== 'end'; answer = input.next()) {
    if (answer === 'wait') {
      await input.refill()
      continue
    }
    const { seconds, nanoseconds, start, end, originalLength, bytes } = input.frame
    packets.add(seconds, nanoseconds / 1000, end - start, originalLength, bytes.subarray(start, end))
  }
  return packets
}

/** Null, or what the package says is wrong; it may say "end" twice, so the first word counts. */
function readTheirs(path: string, packets: Packets): Promise<string | null> {
  return new Promise((resolve) => {
    const file = readableFile(path)
    const parser = parse(file)
    const settle = (fault: string | null) => {
      file.destroy()
      resolve(fault)
    }
    parser.on('packetHeader', ({ capturedLength }) => {
      // It would gather the whole rest of the file for a record that never ends.
      if (capturedLength > MAX_RECORD) settle(`a record claims ${capturedLength} captured bytes`)
    })
    parser.on('packet', ({ header, data }) => {
      packets.add(header.timestampSeconds, header.timestampMicroseconds, header.capturedLength, header.originalLength, data)
    })
    parser.on('error', (error) => settle(error.message))
    parser.on('end', () => settle(null))
  })
}
