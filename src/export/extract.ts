import type { AcmeRequest, AcmeTraffic } from '../acme/traffic.ts'
import type { OpenInput } from '../capture/open-input.ts'
import { readTimeline } from '../capture/timeline.ts'
import type { HttpExchange } from '../http/exchange.ts'
import { NetLayer } from '../net/net.ts'
import type { Segment } from '../net/segment.ts'
import { latin1Range } from '../platform/octets.ts'
import { Finder } from '../report/redaction/finder.ts'
import type { Report, ReportRequest } from '../report/report.ts'
import { endpoint } from '../tcp/endpoint.ts'
import type { PacketCopy } from './pcapng-writer.ts'

/** What a part of the traffic keeps: whole requests, and frames that belong to none. */
export interface Part {
  readonly exchanges: readonly HttpExchange[]
  /** DNS and validation handshakes. */
  readonly frames: readonly number[]
}

const BEGINNING: ReadonlySet<string> = new Set(['directory', 'newNonce', 'newAccount', 'keyChange'])

/**
 * Parts of the traffic that may be enough to show what one request's judgement rests on, the smallest first: the request with what began the
 * session; its order and account; everything at its CA; all ACME and validation traffic.
 */
export function* partsFor(request: AcmeRequest, traffic: AcmeTraffic): Generator<Part> {
  const { requests, side } = traffic
  const part = (keep: (one: AcmeRequest) => boolean, frames: readonly number[] = []): Part => ({
    exchanges: requests
      .filter((one) => one === request || keep(one))
      .flatMap(({ exchange, alsoSeen }) => [exchange, ...alsoSeen]),
    frames,
  })
  const issuers = new Set(request.nonceRecord?.issues.map((issue) => issue.request?.id))
  const begins = (one: AcmeRequest) =>
    one.ca === request.ca && one.id < request.id && (BEGINNING.has(one.resource) || issuers.has(one.id))
  const orders = [...traffic.orders.values()].filter((order) => order.requests.includes(request))
  const relatives = new Set(orders.flatMap((order) => order.requests))
  yield part(begins)
  yield part((one) => begins(one) || relatives.has(one) || (request.account !== null && one.account === request.account))
  yield part((one) => one.ca === request.ca)
  const frames = [...side.lookUps, ...side.handshakes.map(({ handshake }) => handshake)].flatMap((one) => one.frames)
  yield part(() => true, frames)
}

/** What must be the same in the extract: the checks, and what anybody did wrong. What the capture lacks is another matter. */
function judgementOf({ checks, compliant, findings }: ReportRequest): string {
  const conduct = findings.filter(({ party }) => party !== 'capture').map(({ rule, severity, party }) => [rule, severity, party])
  return JSON.stringify([checks, compliant, conduct])
}

/** Whether a report has the request, with the same judgement. */
export function showsSame(request: ReportRequest, report: Report): boolean {
  const { method, url, time } = request
  const wanted = judgementOf(request)
  return report.requests.some(
    (one) => one.method === method && one.url === url && one.time === time && judgementOf(one) === wanted,
  )
}

/** Opens the same capture again, from its beginning. */
export type Reopen = () => Promise<OpenInput>

/** More would be no small capture any more. */
const MAX_OCTETS = 256 * 1024 * 1024

/** All packets of the connections that carried a part, and its other frames; null when they are too many. */
export async function packetsOf({ exchanges, frames }: Part, reopen: Reopen): Promise<PacketCopy[] | null> {
  const wanted = new Set(frames)
  const carriers = new Set(
    exchanges.flatMap(({ request, response }) => [...(request?.frames ?? []), ...(response?.frames ?? [])]),
  )
  const flows = new Flows()
  await readSegments(reopen, (segment) => {
    if (carriers.has(segment.frame)) flows.add(segment)
  })
  await readSegments(reopen, (segment) => {
    if (flows.has(segment)) for (const frame of segment.fragments ?? [segment.frame]) wanted.add(frame)
  })
  const packets: PacketCopy[] = []
  let octets = 0
  await readFrames(reopen, ({ frame }) => {
    if (!wanted.has(frame.number) || octets > MAX_OCTETS) return
    const { linkType, seconds, nanoseconds, bytes, start, end, originalLength } = frame
    octets += end - start
    packets.push({ linkType, seconds, nanoseconds, bytes: bytes.slice(start, end), originalLength })
  })
  return octets > MAX_OCTETS ? null : packets
}

/** Connections by their ends, whichever way a segment goes. */
class Flows {
  readonly #ports = new Set<number>()
  readonly #ends = new Set<string>()

  add(segment: Segment): void {
    this.#ports.add(portsOf(segment))
    this.#ends.add(endsOf(segment))
  }

  has(segment: Segment): boolean {
    return this.#ports.has(portsOf(segment)) && this.#ends.has(endsOf(segment))
  }
}

function portsOf({ sourcePort, destinationPort }: Segment): number {
  return Math.min(sourcePort, destinationPort) * 65_536 + Math.max(sourcePort, destinationPort)
}

function endsOf(segment: Segment): string {
  return [endpoint(segment, 'source'), endpoint(segment, 'destination')].sort().join(' ')
}

async function readSegments(reopen: Reopen, take: (segment: Segment) => void): Promise<void> {
  const net = new NetLayer({ write: take, end() {} })
  let begun = false
  await readFrames(reopen, (input) => {
    if (!begun) net.beginInput(input.facts.damage)
    begun = true
    net.write(input.frame)
  })
  net.end()
}

async function readFrames(reopen: Reopen, take: (input: OpenInput) => void): Promise<void> {
  const input = await reopen()
  try {
    await readTimeline([input], { frame: (_, from) => take(from), ended() {} }, () => null)
  } finally {
    input.close()
  }
}

/** RFC 9850, and the lines that older programs write: what is looked up is the first group of hexadecimal digits. */
const KEY_LINE =
  /\b((?:PMS_)?CLIENT_RANDOM|(?:CLIENT|SERVER)_(?:HANDSHAKE|EARLY)?_?TRAFFIC_SECRET(?:_0)?|RSA) ([0-9a-f]{16,64}) ([0-9a-f]{2,})\b/gi
const SESSION_LINE = /\bRSA Session-ID:([0-9a-f]{2,64}) Master-Key:[0-9a-f]{96}\b/gi

/** The lines of key logs that these packets show the random, the session or the encrypted secret of. */
export function secretsFor(packets: readonly PacketCopy[], texts: Iterable<string>): string {
  const lines = new Map<string, Set<string>>()
  const finder = new Finder()
  const add = (id: string, line: string) => {
    const octets = octetsOfHex(id)
    const known = lines.get(octets)
    if (known !== undefined) {
      known.add(line)
      return
    }
    lines.set(octets, new Set([line]))
    finder.add(octets)
  }
  for (const text of texts) {
    for (const [line, , id = ''] of text.matchAll(KEY_LINE)) add(id, line)
    for (const [line, id = ''] of text.matchAll(SESSION_LINE)) add(id, line)
  }
  const found = new Set<string>()
  for (const { bytes } of packets)
    for (const { value } of finder.matches(latin1Range(bytes, 0, bytes.length), () => true))
      for (const line of lines.get(value) ?? []) found.add(line)
  return [...found].map((line) => `${line}\n`).join('')
}

function octetsOfHex(hex: string): string {
  return (hex.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join('')
}
