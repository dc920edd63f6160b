import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, wasAccepted } from '../scope.ts'

export const authzNewauthz: Rule = {
  id: 'authz-newauthz',
  group: 'authorization',
  party: 'either',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'Pre-authorization only where offered',
  norm: 'newAuthz must be absent from the directory when unsupported; it cannot be used for wildcards.',
  decide:
    'Client: warn if posting a newAuthz request to a URL that the captured directory does not name, since the directory offers no newAuthz (wildcard values: see order-wildcard-form). Server: 2xx has to be 201 with Location: warning.',
  traps: ['RFC 9444 adds subdomainAuthAllowed (§4.2) and ancestorDomain in orders (§4.3).'],
  unknownWhen: ['U-START', 'U-RESP', 'U-REDACT', 'U-GAP'],
  inPractice: {
    Boulder: 'Not offered',
    Pebble: 'Not offered',
    'step-ca': 'Not offered',
    'golang.org/x/crypto/acme': 'errPreAuthorizationNotSupported locally',
  },
  remedy: 'Use newOrder.',
  references: ['RFC 8555 §7.4.1', 'RFC 8555 §7.1.1'],
  why: 'Most CAs do not authorize names before the order; the request goes nowhere.',
  examples: {
    fails: 'POST to a URL of newAuthz that the directory does not have',
    passes: '{"newAuthz": "https://ca.example/newAuthz"}',
  },
  explains: { types: ['malformed', 'unauthorized'], details: [] },
  resources: ['newAuthz'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (request.roleBasis === 'guessed') {
      const directory = request.ca?.directory ?? null
      if (directory === null)
        return unknown('U-START', 'the directory, which says whether pre-authorization is offered, is not in the capture')
      if (directory.newAuthz === undefined)
        return broken(
          authzNewauthz,
          `A pre-authorization was posted to ${quote(request.url)}, but the directory has no newAuthz.`,
          { party: 'client', evidence: { url: request.url } },
        )
      return undefined // url-mismatch, url-guessed
    }
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    if (!wasAccepted(request)) return undefined
    const status = request.response?.status
    if (status === 201 && request.location !== null && request.location !== '') return HOLDS
    return broken(
      authzNewauthz,
      `A new authorization is answered 201 with its URL in Location; here ${status} ${request.location ? 'with' : 'without'} Location.`,
      {
        party: 'server',
        evidence: { status, location: request.location },
        remedy: 'Server: answer 201 with Location.',
      },
    )
  },
}
