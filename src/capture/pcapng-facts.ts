import { formatIpv4, formatIpv6 } from '../core/address.ts'
import type { EndianCursor } from './endian-cursor.ts'
import type { CaptureFacts } from './reader.ts'

/** Bounds of what is kept beside the packets: comments and their octets, names, secrets and theirs. */
const MAX_COMMENTS = 1000
const MAX_COMMENT_OCTETS = 1024 * 1024
const MAX_NAMES = 10_000
const MAX_NAMES_OF_ADDRESS = 16
const MAX_SECRETS = 4096
const MAX_SECRETS_OCTETS = 64 * 1024 * 1024

const OPTION_END = 0
const OPTION_COMMENT = 1
const RECORD_END = 0
const RECORD_IPV4 = 1
const RECORD_IPV6 = 2

/** Reads what stands beside the packets of a pcapng file into CaptureFacts (draft-ietf-opsawg-pcapng 3.5, 4.5, 4.7). */
export class PcapngFacts {
  readonly #facts: CaptureFacts
  #commentOctets = 0
  #secretsOctets = 0

  constructor(facts: CaptureFacts) {
    this.#facts = facts
  }

  /** Keeps the comments among options; `take` is given every other one. */
  options(cursor: EndianCursor, frame: number | null, take: ((code: number, value: EndianCursor) => void) | null): void {
    while (cursor.left >= 4) {
      const code = cursor.u16()
      const value = cursor.padded(cursor.u16())
      if (code === OPTION_END) return
      if (code === OPTION_COMMENT) this.#comment(frame, value)
      else take?.(code, value)
    }
  }

  names(cursor: EndianCursor): void {
    while (cursor.left >= 4) {
      const type = cursor.u16()
      const record = cursor.padded(cursor.u16())
      if (type === RECORD_END) return
      if (type === RECORD_IPV4) this.#name(formatIpv4(word(record)), record)
      else if (type === RECORD_IPV6) this.#name(formatIpv6([word(record), word(record), word(record), word(record)]), record)
    }
  }

  secrets(cursor: EndianCursor): void {
    const type = cursor.u32()
    const data = cursor.take(cursor.u32())
    this.#secretsOctets += data.length
    if (this.#facts.secrets.length >= MAX_SECRETS || this.#secretsOctets > MAX_SECRETS_OCTETS) this.#limit('decryption secrets')
    else this.#facts.secrets.push({ type, data: data.slice() })
  }

  #comment(frame: number | null, value: EndianCursor): void {
    this.#commentOctets += value.left
    if (this.#facts.comments.length >= MAX_COMMENTS || this.#commentOctets > MAX_COMMENT_OCTETS) this.#limit('comments', frame)
    else this.#facts.comments.push({ frame, text: text(value) })
  }

  #name(address: string, record: EndianCursor): void {
    const known = this.#facts.names.get(address)
    if (known === undefined && this.#facts.names.size >= MAX_NAMES) {
      this.#limit('names')
      return
    }
    const names = new Set([...(known ?? []), ...text(record).split('\0')])
    names.delete('')
    this.#facts.names.set(address, [...names].slice(0, MAX_NAMES_OF_ADDRESS))
  }

  #limit(what: string, frame: number | null = null): void {
    this.#facts.damage.add('capture', 'limit', `more ${what} than are kept`, frame)
  }
}

/** Addresses are in network order whatever the section's order is. */
function word(record: EndianCursor): number {
  const octets = record.take(4)
  return new DataView(octets.buffer, octets.byteOffset).getInt32(0)
}

function text(value: EndianCursor): string {
  return new TextDecoder().decode(value.take(value.left))
}
