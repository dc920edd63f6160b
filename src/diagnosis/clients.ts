import type { AcmeRequest } from '../acme/traffic.ts'
import { field } from '../http/exchange.ts'

/** How a client that is known by its User-Agent comes to sign with jwk, and what its operator can do. */
export interface ClientProgram {
  readonly name: string
  readonly story: string
  readonly fix: string
  readonly upstream: readonly string[]
}

const CERT_MANAGER: ClientProgram = {
  name: 'cert-manager',
  story:
    'this is how cert-manager works: every new client object begins without kid, looks its account up by key without an external account binding, takes any failure of that for "no account", and signs with jwk; the account URL that it keeps in status.acme.uri of the Issuer is not used for this.',
  fix: 'upgrade cert-manager to a release that hands the stored account URL to its client, when there is one (pull request cert-manager/cert-manager 8262 is about that).',
  upstream: [6682, 7388, 5987, 5775, 3346, 7830, 8262].map((number) => `cert-manager/cert-manager ${number}`),
}

const GO: ClientProgram = {
  name: 'golang.org/x/crypto/acme',
  story:
    'this is how golang.org/x/crypto/acme works: a client value without KID looks its account up by key, takes any failure of that for "no account", and signs with jwk.',
  fix: 'set KID of acme.Client to the account URL that registration gave.',
  upstream: ['cert-manager/cert-manager 6682', 'cert-manager/cert-manager 7388'],
}

export function clientProgram({ http }: AcmeRequest): ClientProgram | null {
  const agent = field(http.headers, 'user-agent') ?? ''
  if (/\bcert-manager-/.test(agent)) return CERT_MANAGER
  return agent.includes('golang.org/x/crypto/acme') ? GO : null
}
