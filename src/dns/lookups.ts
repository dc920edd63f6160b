import type { Answer, DecodedPacket } from 'dns-packet'
import type { Micros } from '../core/time.ts'
import { latin1Text } from '../platform/base64.ts'
import { bufferOf } from '../platform/octets.ts'
import type { DnsMessage } from './watch.ts'

/** One question for a validation name, or the answer to it. Names are lower case, without the final dot. */
export interface ChallengeLookUp {
  readonly input: number
  readonly frames: readonly number[]
  readonly time: Micros
  readonly question: string
  /** "TXT", "CNAME", ... */
  readonly type: string
  readonly isAnswer: boolean
  /** "NOERROR", "NXDOMAIN", ...; of an answer. */
  readonly rcode: string
  /** RFC 2308 2: the name, or a record of this type at it, does not exist; a referral does not say so. */
  readonly denied: boolean
  /** RFC 1035 4.1.1: the answer was cut, the resolver asks again over TCP. */
  readonly truncated: boolean
  /** The TXT records, their character-strings joined (RFC 8555 8.4), one character an octet. */
  readonly texts: readonly { readonly name: string; readonly value: string }[]
  readonly aliases: readonly { readonly name: string; readonly target: string }[]
}

/** Decodes what was kept, in time order; messages that are no DNS are left out. The decoder is loaded only when there are any. */
export async function readLookUps(messages: readonly DnsMessage[]): Promise<ChallengeLookUp[]> {
  if (messages.length === 0) return []
  const { default: dns } = await import('dns-packet')
  const found: ChallengeLookUp[] = []
  for (const message of messages) {
    if (!isWhole(message.octets)) continue
    let packet: DecodedPacket
    try {
      packet = dns.decode(bufferOf(message.octets))
    } catch {
      continue // something else that looked like DNS
    }
    const lookUp = readPacket(packet, message)
    if (lookUp !== null) found.push(lookUp)
  }
  return found.sort((a, b) => a.time - b.time)
}

/**
 * Whether all records that the header counts are there to their ends (RFC 1035 4.1): the decoder takes what a snap length left of a text for
 * the text.
 */
function isWhole(octets: Uint8Array): boolean {
  const word = (at: number) => ((octets[at] as number) << 8) | (octets[at + 1] as number)
  const records = word(6) + word(8) + word(10)
  let at = nameEnd(octets, HEADER) + 4 // the question with its type and class
  for (let i = 0; i < records; i++) {
    const fixed = nameEnd(octets, at)
    if (fixed + 10 > octets.length) return false
    at = fixed + 10 + word(fixed + 8)
  }
  return at <= octets.length
}

const HEADER = 12

/** Where a name ends: at its empty label, or behind a pointer (RFC 1035 4.1.4). */
function nameEnd(octets: Uint8Array, start: number): number {
  let at = start
  for (let length = octets[at]; length !== undefined && length !== 0; length = octets[at]) {
    if (length >= 0xc0) return at + 2
    at += 1 + length
  }
  return at + 1
}

function readPacket(packet: DecodedPacket, { input, frames, time, octets }: DnsMessage): ChallengeLookUp | null {
  const [question] = packet.questions ?? []
  if (question === undefined) return null
  const answers = packet.answers ?? []
  const rcode = RCODES[(octets[3] ?? 0) & 15] ?? 'an error'
  const ends = rcode === 'NOERROR' && answers.length === 0 && (packet.authorities ?? []).some(({ type }) => type === 'SOA')
  return {
    input,
    frames,
    time,
    question: nameOf(question.name),
    type: question.type,
    isAnswer: packet.flag_qr,
    rcode,
    denied: packet.flag_qr && (rcode === 'NXDOMAIN' || ends),
    truncated: packet.flag_tc,
    texts: answers.flatMap((answer) =>
      answer.type === 'TXT' ? [{ name: nameOf(answer.name), value: textOf(answer.data) }] : [],
    ),
    aliases: answers.flatMap((answer) =>
      answer.type === 'CNAME' ? [{ name: nameOf(answer.name), target: nameOf(answer.data) }] : [],
    ),
  }
}

/** RFC 1035 4.1.1. */
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']

function nameOf(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

type Text = Extract<Answer, { type: 'TXT' }>['data']

function textOf(data: Text): string {
  const parts = Array.isArray(data) ? data : [data]
  return parts.map((part) => (typeof part === 'string' ? part : latin1Text(part))).join('')
}
