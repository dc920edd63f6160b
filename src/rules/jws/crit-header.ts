import { broken, HOLDS, type Rule } from '../rule.ts'
import { headerOf, quote } from '../scope.ts'

/** Header parameters that RFC 7515 4.1 and RFC 7516 / RFC 7518 4 define, which crit must not name (RFC 7515 4.1.11). */
const REGISTERED: ReadonlySet<string> = new Set(
  'alg jku jwk kid x5u x5c x5t x5t#S256 typ cty crit enc zip epk apu apv iv tag p2s p2c'.split(' '),
)
/** Parameters that ACME defines itself (RFC 8555 6.4.1, 6.5.2): every server understands them, naming them is only unusual. */
const ACME: ReadonlySet<string> = new Set(['nonce', 'url'])

function faultOf(crit: unknown, header: Readonly<Record<string, unknown>>): string | null {
  if (!Array.isArray(crit) || crit.length === 0) return 'is not a list with at least one name'
  if (!crit.every((name) => typeof name === 'string')) return 'holds something that is not a name'
  if (new Set(crit).size !== crit.length) return 'repeats a name'
  for (const name of crit) {
    if (!(name in header)) return `names ${quote(name)}, which the protected header does not have`
    if (REGISTERED.has(name)) return `names ${quote(name)}, which the specification itself defines`
    if (name !== 'b64' && !ACME.has(name)) return `names ${quote(name)}, an extension that no ACME specification defines`
  }
  return null
}

export const critHeader: Rule = {
  id: 'crit-header',
  group: 'jws',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 2,
  title: 'crit only for understood parameters',
  norm: 'crit must name parameters the recipient understands, be non-empty, and not name registered ones; ACME defines none.',
  decide:
    'Fail if crit is not a non-empty array of strings, repeats a name, names a parameter that is absent from the protected header or that RFC 7515/7518 define, or names an extension that no ACME specification defines (a server that knows RFC 8555 alone has to treat the JWS as invalid). crit ["b64"] with b64:true leaves the payload encoded: info only; with b64:false see unencoded-payload.',
  traps: ['url and nonce are ordinary protected parameters in ACME, they are not to be listed in crit.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: "400 malformed 'JWS verification error' for unknown names",
    Pebble: '400 malformed',
    'step-ca': '400 malformed',
    'golang.org/x/crypto/acme': 'Never',
  },
  remedy: 'Drop crit.',
  references: ['RFC 7515 §4.1.11', 'RFC 7797 §6'],
  why: 'A CA that does not know the parameter has to refuse the whole request.',
  examples: {
    fails:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder", "crit": ["exp"], "exp": 1767225600}',
    passes:
      '{"alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "oFvnlFP1wIhRlYS2jTaXbA", "url": "https://ca.example/newOrder"}',
  },
  explains: { types: ['malformed'], details: [] },
  judge(request) {
    const header = headerOf(request)
    if (header === null) return undefined
    const crit = header.crit
    if (crit === undefined) return HOLDS
    const fault = faultOf(crit, header)
    if (fault !== null)
      return broken(critHeader, `crit ${quote(crit)} ${fault}; a server has to treat the JWS as invalid.`, { evidence: { crit } })
    if (header.b64 === false) return undefined
    return broken(critHeader, `crit ${quote(crit)} is allowed, but no client needs it and servers may not expect it.`, {
      severity: 'info',
      evidence: { crit },
    })
  },
}
