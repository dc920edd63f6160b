import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const authzDeactivation: Rule = {
  id: 'authz-deactivation',
  group: 'authorization',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'Deactivation payload',
  norm: 'Relinquishing sends exactly status deactivated to the authorization URL.',
  decide:
    "POST to an authorization URL with status deactivated: the object holds that and nothing else; other members are ignored or refused: warning. Any other payload is post-as-get-payload's.",
  traps: ['Clients deactivate pending authorizations after a failed order: normal.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "400 malformed 'Invalid status value'",
    Pebble: '400 malformed',
    'step-ca': '400 malformed (expects POST-as-GET): deactivation unsupported',
    'golang.org/x/crypto/acme': 'RevokeAuthorization',
  },
  remedy: 'Send {"status":"deactivated"}.',
  references: ['RFC 8555 §7.5.2'],
  why: 'The CA knows one change of an authorization only and refuses every other.',
  examples: { fails: '{"status": "invalid"}', passes: '{"status": "deactivated"}' },
  explains: { types: ['malformed'], details: [] },
  resources: ['authorization'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (!isObject(request.payload)) return lostBody(request) ?? undefined
    if (request.payload.status !== 'deactivated') return undefined // post-as-get-payload says it
    const others = Object.keys(request.payload).filter((member) => member !== 'status')
    if (others.length === 0) return HOLDS
    return broken(authzDeactivation, `The deactivation carries ${others.map(quote).join(', ')} besides status.`, {
      evidence: { members: others.slice(0, 20) },
    })
  },
}
