import type { AcmeRequest } from '../../acme/traffic.ts'
import { field } from '../../http/exchange.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote, uncertainRole } from '../scope.ts'

const CHAIN = 'application/pem-certificate-chain'

/** The client asked for another type, and got it (RFC 8555 7.4.2). */
function wasNegotiated(request: AcmeRequest, type: string): boolean {
  const accept = field(request.http.headers, 'accept')?.toLowerCase() ?? ''
  return accept.split(',').some((range) => range.split(';')[0]?.trim() === type)
}

export const certContentType: Rule = {
  id: 'cert-content-type',
  group: 'certificate',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 2,
  title: 'Chain is application/pem-certificate-chain',
  norm: 'The default download format is that media type, unless Accept negotiated another.',
  decide: '200 to cert URL: warn if another type; info for parameters.',
  traps: ['Accept: application/pkix-cert may be honoured by some.'],
  unknownWhen: ['U-RESP', 'U-GAP', 'U-REDACT'],
  inPractice: { Boulder: 'Exact', Pebble: 'With charset parameter', 'step-ca': 'Exact', 'golang.org/x/crypto/acme': 'Ignored' },
  remedy: 'Server: set the type.',
  references: ['RFC 8555 §7.4.2', 'RFC 8555 §9.1'],
  why: 'A client that checks the media type refuses a good certificate.',
  examples: { fails: 'Content-Type: application/octet-stream', passes: 'Content-Type: application/pem-certificate-chain' },
  explains: { types: [], details: [] },
  resources: ['certificate'],
  judge(request) {
    if (uncertainRole(request) !== null) return undefined
    const { response } = request
    if (response !== null && response.status !== 200) return undefined
    const lost = lostAnswer(request)
    if (lost !== null || response === null) return lost ?? undefined
    const sent = field(response.headers, 'content-type')
    const [type, ...parameters] = (sent ?? '').split(';')
    const name = type?.trim().toLowerCase() ?? ''
    if (name !== CHAIN && (sent === null || !wasNegotiated(request, name)))
      return broken(
        certContentType,
        `The certificate came as ${sent === null ? 'no type at all' : quote(sent)}; the default is ${CHAIN}.`,
        { evidence: { contentType: sent } },
      )
    if (parameters.length > 0 && name === CHAIN)
      return broken(certContentType, `The media type has a parameter (${quote(sent)}), and none is defined for ${CHAIN}.`, {
        severity: 'info',
        evidence: { contentType: sent },
      })
    return HOLDS
  },
}
