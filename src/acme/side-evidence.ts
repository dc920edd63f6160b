import { type ChallengeLookUp, readLookUps } from '../dns/lookups.ts'
import type { DnsMessage } from '../dns/watch.ts'
import type { Certificate } from '../pki/certificate.ts'
import { type Carried, PkiReader } from '../pki/reader.ts'
import type { Handshake } from '../tls/context.ts'

/** Validation traffic besides HTTP, as it was captured. */
export interface SideTraffic {
  readonly dns: readonly DnsMessage[]
  readonly handshakes: readonly Handshake[]
}

export const NO_SIDE_TRAFFIC: SideTraffic = { dns: [], handshakes: [] }

/** A TLS handshake that offers acme-tls/1 (RFC 8737 3), with the responder's certificate; null when none was visible. */
export interface ValidationHandshake {
  readonly handshake: Handshake
  readonly certificate: Carried<Certificate> | null
}

/** Validation traffic besides HTTP (RFC 8555 8.4, RFC 8737), in time order. */
export interface SideEvidence {
  readonly lookUps: readonly ChallengeLookUp[]
  readonly handshakes: readonly ValidationHandshake[]
}

/** Handshakes that are kept of a run. */
export const MAX_HANDSHAKES = 10_000

/** Gathers the handshakes of validators. */
export class HandshakeWatch {
  readonly handshakes: Handshake[] = []

  write(handshake: Handshake): void {
    if (handshake.alpnOffered.includes('acme-tls/1') && this.handshakes.length < MAX_HANDSHAKES) this.handshakes.push(handshake)
  }
}

/** Decodes the side traffic; what reads DNS and certificates is loaded only when there is some. */
export async function settleSide({ dns, handshakes }: SideTraffic, verify: boolean): Promise<SideEvidence> {
  const lookUps = await readLookUps(dns)
  if (handshakes.length === 0) return { lookUps, handshakes: [] }
  const reader = await PkiReader.load(verify)
  const inOrder = [...handshakes].sort((a, b) => a.time - b.time)
  return {
    lookUps,
    handshakes: inOrder.map((handshake) => {
      const [own] = handshake.certificates
      return { handshake, certificate: own === undefined ? null : reader.certificateDer(own) }
    }),
  }
}
