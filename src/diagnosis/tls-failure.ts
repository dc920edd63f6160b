import type { AcmeRequest } from '../acme/traffic.ts'
import { authorityOf, hostOf } from '../acme/urls.ts'
import type { Party } from '../rules/rule.ts'
import type { Alert, Handshake } from '../tls/context.ts'
import { type Case, groupBy } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forClient, type Remedy } from './diagnosis.ts'

export const diagTlsFailure: DiagnosisKind = {
  id: 'diag-tls-failure',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'TLS or trust failure to the ACME server',
  norm: 'Handshake did not complete.',
  decide:
    'Alert code and sender: 48 unknown_ca, 42/46 bad/unknown certificate, 45 expired, 40 handshake_failure, 70 protocol_version, 112 unrecognized_name; or RST/FIN after Certificate; check server chain vs names and dates when visible.',
  traps: ['In TLS 1.3 alerts are encrypted: infer from sizes/closing.', 'Clients often close without an alert.'],
  unknownWhen: ['U-TLS'],
  inPractice: {
    Pebble: 'Uses its own test root',
    'step-ca': 'Private root by default',
    'golang.org/x/crypto/acme': 'Returns the x509 error',
  },
  remedy: "Trust the CA's root (cert-manager: caBundle); fix chain or SNI.",
  references: ['RFC 8446 §6', 'RFC 8555 §6.1'],
}

/** Server names that speak of ACME, for captures without a single request to tell by. */
const SOUNDS_LIKE_ACME = /acme|letsencrypt|(^|[.-])(step-?ca|ca|pki)[.-]/i

/** Handshakes with an ACME server that an alert ended, one diagnosis for each kind of alert and server. */
export function tlsFailure(facts: Case): Diagnosis[] {
  const { failedHandshakes } = facts.surroundings
  if (failedHandshakes.length === 0) return []
  const known = knownServers(facts.traffic.requests)
  const toCa = failedHandshakes.filter(({ serverName, connection, alpnOffered }) => {
    if (alpnOffered.includes('acme-tls/1')) return false
    if (known.addresses.size === 0 && known.hosts.size === 0) return serverName !== null && SOUNDS_LIKE_ACME.test(serverName)
    return known.addresses.has(connection.server ?? '') || (serverName !== null && known.hosts.has(serverName.toLowerCase()))
  })
  return groupBy(toCa, ({ connection, serverName, alerts }) => `${serverName ?? connection.server} ${alerts[0]?.text}`).map(
    (group) => diagnosisOf(group, facts),
  )
}

function knownServers(requests: readonly AcmeRequest[]): { addresses: Set<string>; hosts: Set<string> } {
  const addresses = new Set<string>()
  const hosts = new Set<string>()
  for (const { exchange, ca, url } of requests) {
    if (ca === null) continue
    if (exchange.connection?.server != null) addresses.add(exchange.connection.server)
    const authority = authorityOf(url)
    if (authority !== null) hosts.add(hostOf(authority).toLowerCase())
  }
  return { addresses, hosts }
}

function diagnosisOf(group: readonly Handshake[], facts: Case): Diagnosis {
  const first = group[0] as Handshake
  const alert = first.alerts[0] as Alert
  const server = first.serverName ?? first.connection.server ?? 'the server'
  const last = Math.max(...group.map(({ time }) => time))
  const later = facts.traffic.requests.find(
    ({ exchange, time, ca }) => ca !== null && time > last && exchange.connection?.server === first.connection.server,
  )
  const cause = CAUSES[`${alert.from} ${alert.description}`] ?? CAUSES[alert.from]
  return {
    kind: diagTlsFailure,
    party: cause?.party ?? 'unknown',
    bothAtFault: false,
    confidence: 'likely',
    aside: later !== undefined,
    title: `TLS with ${server} failed: ${alert.text}`,
    explanation: `${group.length === 1 ? 'A handshake' : `${group.length} handshakes`} with ${server} ended with an alert (first in connection ${first.connection.id}, frame${alert.frames.length === 1 ? '' : 's'} ${alert.frames.slice(0, 6).join(', ')}): ${alert.text}. ${cause?.story ?? ''}${later === undefined ? ' No ACME request could follow.' : ` A later connection worked (request ${later.id}).`}`,
    remedies: cause?.remedies ?? [forClient('look into the logs of both sides for this moment.')],
    explains: [],
    evidence: later === undefined ? [] : [later],
  }
}

interface Cause {
  readonly party: Party
  readonly story: string
  readonly remedies: readonly Remedy[]
}

const DISTRUST: Cause = {
  party: 'unknown',
  story:
    "The client does not trust the server's certificate: the root that signed it is not among those it knows, or the server leaves out an intermediate certificate.",
  remedies: [
    forClient('make the client trust the root of this CA (with cert-manager: caBundle).'),
    forCa('send the whole chain of the HTTPS certificate.'),
  ],
}

/** By who sent the alert and its description (RFC 8446 6.2). */
const CAUSES: Readonly<Record<string, Cause>> = {
  'client 48': DISTRUST,
  'client 42': DISTRUST,
  'client 46': DISTRUST,
  'client 45': {
    party: 'unknown',
    story: "The client holds the server's certificate for expired: it is, or the client's clock is wrong.",
    remedies: [forCa('renew the certificate of the HTTPS server.'), forClient('check the clock.')],
  },
  'server 112': {
    party: 'unknown',
    story: 'The server does not serve the name that the client asked for.',
    remedies: [forClient('check the host name in the directory URL.'), forCa('configure that name at the HTTPS server.')],
  },
  'server 116': {
    party: 'unknown',
    story: 'The server wants a client certificate; ACME has no use for one, so something before the CA asks for it.',
    remedies: [forCa('let the ACME endpoint be reached without a client certificate.')],
  },
  client: {
    party: 'unknown',
    story: 'The client ended the handshake.',
    remedies: [
      forClient("read the client's log for this moment; compare TLS versions, cipher suites and names that both sides allow."),
    ],
  },
  server: {
    party: 'unknown',
    story: 'The server ended the handshake.',
    remedies: [
      forCa("read the server's log for this moment; compare TLS versions, cipher suites and names that both sides allow."),
    ],
  },
}
