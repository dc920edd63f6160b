import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { field } from '../../http/exchange.ts'
import { broken, type Rule } from '../rule.ts'
import { remembered } from '../scope.ts'

/** Clients told by their User-Agent: the first request of each, if none of them offered a language. */
function firstOfSilentClients(traffic: AcmeTraffic): ReadonlySet<AcmeRequest> {
  const first = new Map<string, AcmeRequest | null>()
  for (const request of traffic.requests) {
    if (request.resource === 'validation' || request.resource === 'other' || request.http.headers.length === 0) continue
    const client = field(request.http.headers, 'user-agent') ?? ''
    if (field(request.http.headers, 'accept-language') !== null || request.http.damage.length > 0) first.set(client, null)
    else if (!first.has(client)) first.set(client, request)
  }
  return new Set([...first.values()].filter((request) => request !== null))
}

export const acceptLanguage: Rule = {
  id: 'accept-language',
  group: 'transport',
  party: 'client',
  severity: 'info',
  level: 'session',
  tier: 2,
  title: 'Accept-Language offered',
  norm: 'Clients are encouraged to send Accept-Language so error text can be localised.',
  decide: 'Said once of a client, at its first request, if none of its requests has Accept-Language. It explains no refusal.',
  traps: ['Raise once per session or the report drowns in noise.'],
  unknownWhen: [],
  inPractice: { Boulder: 'Ignored', Pebble: 'Ignored', 'step-ca': 'Ignored', 'golang.org/x/crypto/acme': 'Not sent' },
  remedy: "Optional: send 'Accept-Language: en'.",
  references: ['RFC 8555 §6.1'],
  why: 'Error texts come in the language of the CA, whatever the user reads. Nothing else depends on it.',
  examples: { fails: 'User-Agent: myclient/1.2', passes: 'Accept-Language: en' },
  explains: { types: [], details: [] },
  judge(request, traffic) {
    if (!remembered(traffic, firstOfSilentClients).has(request)) return undefined
    return broken(acceptLanguage, 'No request of this client offers Accept-Language, so that error texts cannot be localised.')
  },
}
