import { statusOf } from '../../acme/orders.ts'
import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { orderOf, seenBefore, titleOf } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered, wasAccepted } from '../scope.ts'

/** Finalize requests of each order that carried a CSR which could be read, by the order's URL. */
function finalizeRequests(traffic: AcmeTraffic): ReadonlyMap<string, readonly AcmeRequest[]> {
  const found = new Map<string, AcmeRequest[]>()
  for (const order of traffic.orders.values())
    found.set(
      order.url,
      order.requests.filter(({ resource, csr }) => resource === 'finalize' && csr?.value != null),
    )
  return found
}

export const certKeyMatch: Rule = {
  id: 'cert-key-match',
  group: 'certificate',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: "Certificate has the CSR's key",
  norm: 'The certificate is issued for the key in the CSR.',
  decide:
    "Compare the key of the first certificate with those of the CSRs of the order's finalize requests; alternates belong to the order of the chain that links to them. It matches one: holds. Else the server is at fault if the order was seen pending or ready before it took a finalize request; otherwise another finalize request may have come before the capture: unknown.",
  traps: ['Two replicas may finalize with different CSRs.'],
  unknownWhen: ['U-START'],
  inPractice: {
    Boulder: 'Conforms',
    Pebble: 'Conforms',
    'step-ca': 'Conforms',
    'golang.org/x/crypto/acme':
      'Not compared; cert-manager compares with the CertificateRequest and deletes the Order on mismatch',
  },
  remedy: 'Re-issue; check for two finalizers racing.',
  references: ['RFC 8555 §7.4'],
  why: 'The certificate is useless: its private key is not the one the client has.',
  explains: { types: [], details: [] },
  resources: ['certificate'],
  judge(request, traffic) {
    const leaf = request.chain?.certificates[0]?.value ?? null
    if (leaf === null) return undefined
    const order = orderOf(request, traffic)
    const finalizes = order === null ? [] : (remembered(traffic, finalizeRequests).get(order.url) ?? [])
    const keyOf = ({ csr }: AcmeRequest) => csr?.value?.key
    if (finalizes.some((finalize) => keyOf(finalize)?.identity === leaf.key.identity)) return HOLDS
    const taken = finalizes.find(wasAccepted)
    const before = order === null || taken === undefined ? null : seenBefore(order.history, taken)
    const wasOpen = before !== null && ['pending', 'ready'].includes(statusOf(before) ?? '')
    if (taken === undefined || !wasOpen)
      return unknown('U-START', 'the capture does not show the finalize request that this certificate was issued for')
    return broken(
      certKeyMatch,
      `The certificate of ${quote(titleOf(leaf))} is for another key (${leaf.key.kind}) than the CSR in ${named(taken)} (${keyOf(taken)?.kind}).`,
      {
        party: 'server',
        evidence: {
          finalize: taken.id,
          certificate: leaf.key.facts?.thumbprint ?? null,
          csr: keyOf(taken)?.facts?.thumbprint ?? null,
        },
      },
    )
  },
}
