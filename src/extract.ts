import { type AnalyzeOptions, analyze, study } from './analyze.ts'
import { OpenInput } from './capture/open-input.ts'
import { packetsOf, partsFor, secretsFor, showsSame } from './export/extract.ts'
import { HarWriter } from './export/har.ts'
import { writePcapng } from './export/pcapng-writer.ts'
import type { HttpExchange } from './http/exchange.ts'
import { VERSION } from './report/version.ts'

/** A small capture that was analysed again and shows the same, or why there is none. */
export type Extract =
  | { readonly outcome: 'made'; readonly bytes: Uint8Array; readonly packets: number; readonly requests: number }
  | { readonly outcome: 'no-request'; readonly requests: number }
  | { readonly outcome: 'not-the-same' }

/**
 * The smallest capture that still shows what is said of one request: the packets of its connections and of those it depends on, with their TLS
 * secrets alone; of a HAR, its entries. Nothing is hidden in it. What is returned was analysed, and gave the same checks and findings.
 * @throws CaptureError for an input that cannot be read
 */
export async function extractRequest(path: string, id: number, options: Partial<AnalyzeOptions>): Promise<Extract> {
  const { report, traffic, secrets } = await study([path], options)
  const request = traffic.requests[id - 1]
  const judged = report.requests[id - 1]
  if (request === undefined || judged === undefined) return { outcome: 'no-request', requests: report.requests.length }
  for (const part of partsFor(request, traffic)) {
    const entries = part.exchanges.filter(({ entry }) => entry !== null)
    const packets = entries.length > 0 ? [] : await packetsOf(part, () => OpenInput.open(path, 0, path, false))
    if (packets === null) break
    const bytes = entries.length > 0 ? harOf(part.exchanges) : writePcapng(packets, secretsFor(packets, secrets()))
    const again = await analyze([bytes], { ...options, keyLogs: [] })
    if (showsSame(judged, again)) return { outcome: 'made', bytes, packets: packets.length, requests: again.requests.length }
  }
  return { outcome: 'not-the-same' }
}

function harOf(exchanges: readonly HttpExchange[]): Uint8Array {
  const pieces: string[] = []
  const writer = new HarWriter((piece) => void pieces.push(piece), { creator: { name: 'acmescope', version: VERSION } })
  for (const exchange of exchanges) writer.write(exchange)
  writer.end()
  return new TextEncoder().encode(pieces.join(''))
}
