import { type AcmeRequest, type AcmeTraffic, isJudged } from '../../acme/traffic.ts'
import { hostOf, splitUrl } from '../../acme/urls.ts'
import type { Connection } from '../../tcp/connection.ts'
import { broken, type Rule } from '../rule.ts'
import { quote, remembered } from '../scope.ts'

interface Opaque {
  readonly name: string
  readonly connections: readonly Connection[]
}

/** Connections that stayed closed, at the first request to the server that they name. */
function opaqueAt({ requests, undecrypted }: AcmeTraffic): ReadonlyMap<AcmeRequest, Opaque> {
  const byName = new Map<string, Connection[]>()
  for (const connection of undecrypted) {
    const name = connection.tls?.serverName?.toLowerCase()
    if (name === undefined) continue
    const known = byName.get(name)
    if (known === undefined) byName.set(name, [connection])
    else known.push(connection)
  }
  const found = new Map<AcmeRequest, Opaque>()
  for (const request of requests) {
    if (byName.size === 0) break
    if (!isJudged(request)) continue
    const name = hostOf(splitUrl(request.observedUrl)?.authority ?? '').toLowerCase()
    const connections = byName.get(name)
    if (connections === undefined) continue
    found.set(request, { name, connections })
    byName.delete(name)
  }
  return found
}

export const captureTlsOpaque: Rule = {
  id: 'capture-tls-opaque',
  group: 'capture',
  party: 'capture',
  severity: 'warning',
  level: 'capture',
  tier: 1,
  title: 'TLS not decryptable',
  norm: 'A TLS connection whose secrets are not known shows nothing of the requests on it.',
  decide:
    'TLS connections without matching secrets whose server name (SNI) is that of a server with ACME requests in this capture. Said once a server, of its first request. Connections to other servers are listed in the report only.',
  traps: ['The RSA key of the server decrypts nothing where (EC)DHE was agreed, which is so in all of TLS 1.3.'],
  unknownWhen: [],
  inPractice: {
    'golang.org/x/crypto/acme': 'Go writes a key log with tls.Config.KeyLogWriter; cert-manager has no switch for it',
  },
  remedy: 'Give the key log of this client (SSLKEYLOGFILE), or capture behind the TLS terminator, or record a HAR.',
  references: [],
  why: 'Nonces, accounts and orders of these connections are missing from what is known of the others.',
  explains: { types: [], details: [] },
  judge(request, traffic) {
    if (traffic.undecrypted.length === 0) return undefined
    const opaque = remembered(traffic, opaqueAt).get(request)
    if (opaque === undefined) return undefined
    const { name, connections } = opaque
    const number = connections.length === 1 ? 'One TLS connection' : `${connections.length} TLS connections`
    const reasons = [...new Set(connections.map(({ tls }) => tls?.reason).filter((reason) => reason != null))]
    return broken(
      captureTlsOpaque,
      `${number} to ${quote(name)} could not be decrypted${reasons.length === 0 ? '' : `: ${reasons[0]}`}. Requests on ${connections.length === 1 ? 'it are' : 'them are'} not in this report.`,
      { evidence: { serverName: name, connections: connections.slice(0, 20).map(({ id }) => id), reasons: reasons.slice(0, 5) } },
    )
  },
}
