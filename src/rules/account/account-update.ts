import { isObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const accountUpdate: Rule = {
  id: 'account-update',
  group: 'account',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 2,
  title: 'Account updates change only contact or status',
  norm: 'Only contact can be updated; orders, termsOfServiceAgreed and other members are ignored; status only to deactivated.',
  decide:
    'Requests to an account URL with a payload: a note for members that the server ignores, a warning for a status other than deactivated or valid.',
  traps: [
    'cert-manager compares the returned contact with spec.email: servers that never echo contact cause an update at every resync.',
  ],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: 'Ignores contact silently, returns 200; other status 400 malformed',
    Pebble: '400 malformed for an update with neither',
    'step-ca': '400 malformed if both given',
    'golang.org/x/crypto/acme': 'UpdateReg sends contact only',
  },
  remedy: 'Send contact or status:deactivated.',
  references: ['RFC 8555 §7.3.2', 'RFC 8555 §7.3.6'],
  why: 'The CA ignores what cannot be changed, so that the user believes in a change that was not made.',
  fixes: {
    certbot: 'Use certbot update_account --email ADDRESS.',
    'acme.sh': 'Use acme.sh --update-account with --accountemail ADDRESS.',
  },
  examples: { fails: '{"termsOfServiceAgreed": false}', passes: '{"contact": ["mailto:admin@example.org"]}' },
  explains: { types: ['malformed'], details: [] },
  resources: ['account'],
  judge(request) {
    if (request.method !== 'POST') return undefined
    if (!isObject(request.payload)) return lostBody(request) ?? undefined
    const { status } = request.payload
    if (status !== undefined && status !== 'deactivated' && status !== 'valid')
      return broken(
        accountUpdate,
        `The account update asks for status ${quote(status)}; a client can only set "deactivated", and servers ignore or refuse anything else.`,
        { evidence: { status } },
      )
    const ignored = Object.keys(request.payload).filter((member) => member !== 'contact' && member !== 'status')
    if (status === 'valid') ignored.push('status')
    if (ignored.length === 0) return HOLDS
    return broken(
      accountUpdate,
      `The account update carries ${ignored.map(quote).join(', ')}, which the server has to ignore: only contact, and status "deactivated", can be updated.`,
      { severity: 'info', evidence: { members: ignored.slice(0, 20) } },
    )
  },
}
