/** A packet as it goes into a file. */
export interface PacketCopy {
  readonly linkType: number
  /** Epoch time: whole seconds and the nanoseconds within. */
  readonly seconds: number
  readonly nanoseconds: number
  readonly bytes: Uint8Array
  /** Length on the wire. */
  readonly originalLength: number
}

const SECTION = 0x0a0d0d0a
const BYTE_ORDER = 0x1a2b3c4d
const INTERFACE = 1
const ENHANCED_PACKET = 6
const SECRETS = 10
/** Secrets type of a TLS key log. */
const TLS_KEY_LOG = 0x544c534b
const OPTION_RESOLUTION = 9
const NANOSECONDS = 9

/**
 * A pcapng file (draft-ietf-opsawg-pcapng) of one section: an interface for each link type, the secrets, then the packets. It says nothing
 * of the machine that captured it.
 */
export function writePcapng(packets: readonly PacketCopy[], keyLog: string): Uint8Array {
  const linkTypes = [...new Set(packets.map(({ linkType }) => linkType))]
  const blocks = [block(SECTION, words(BYTE_ORDER, 1 | (0 << 16), 0xffffffff, 0xffffffff))]
  for (const linkType of linkTypes)
    blocks.push(block(INTERFACE, words(linkType, 0, OPTION_RESOLUTION | (1 << 16), NANOSECONDS, 0)))
  const secrets = new TextEncoder().encode(keyLog)
  if (secrets.length > 0) blocks.push(block(SECRETS, words(TLS_KEY_LOG, secrets.length), secrets))
  for (const packet of packets) blocks.push(packetBlock(packet, linkTypes.indexOf(packet.linkType)))
  const file = new Uint8Array(blocks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const bytes of blocks) {
    file.set(bytes, at)
    at += bytes.length
  }
  return file
}

function packetBlock({ seconds, nanoseconds, bytes, originalLength }: PacketCopy, interfaceId: number): Uint8Array {
  const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
  const head = words(interfaceId, Number(time >> 32n), Number(time & 0xffffffffn), bytes.length, originalLength)
  return block(ENHANCED_PACKET, head, bytes)
}

/** A block: type and length in front, the length again behind, filled up to 32 bits. */
function block(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = parts.reduce((sum, { length }) => sum + length, 0)
  const length = 12 + Math.ceil(content / 4) * 4
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  let at = 8
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  view.setUint32(length - 4, length, true)
  return bytes
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((value, at) => void view.setUint32(at * 4, value, true))
  return bytes
}
