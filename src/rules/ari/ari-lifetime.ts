import type { AcmeTraffic } from '../../acme/traffic.ts'
import type { Certificate } from '../../pki/certificate.ts'
import { certIdInUrl, readCertId } from '../cert-id.ts'
import { identifierKey } from '../identifiers.ts'
import { identifiersIn, type SeenCertificate, seenCertificates, titleOf } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { named, quote, remembered, seconds } from '../scope.ts'
import { serverTime } from '../timestamps.ts'

/** A download of the certificates for one set of names, with the newest certificate known by then. */
interface Renewal {
  readonly time: number
  readonly newest: SeenCertificate
}

/** Downloads by the set of names, in time order. */
function renewals(traffic: AcmeTraffic): ReadonlyMap<string, readonly Renewal[]> {
  const found = new Map<string, Renewal[]>()
  for (const seen of seenCertificates(traffic).all) {
    const { response } = seen.request
    if (seen.request.resource !== 'certificate' || response === null) continue
    const names = namesKey(seen.certificate)
    const list = found.get(names) ?? []
    const last = list.at(-1)?.newest
    list.push({ time: response.endTime, newest: last === undefined || startOf(seen) > startOf(last) ? seen : last })
    found.set(names, list)
  }
  return found
}

function startOf({ certificate }: SeenCertificate): number {
  return certificate.notBefore ?? Number.NEGATIVE_INFINITY
}

function namesKey({ names }: Certificate): string {
  return identifiersIn(names).map(identifierKey).sort().join()
}

/** The newest certificate for the same names that had been downloaded by a moment. */
function newestAt(list: readonly Renewal[], time: number): SeenCertificate | null {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as Renewal).time <= time) low = middle + 1
    else high = middle
  }
  return list[low - 1]?.newest ?? null
}

export const ariLifetime: Rule = {
  id: 'ari-lifetime',
  group: 'ari',
  party: 'client',
  severity: 'error',
  level: 'session',
  tier: 2,
  title: 'No ARI after expiry or replacement',
  norm: 'Clients must not ask for expired certificates or ones they have replaced.',
  decide:
    "If the certificate is known: fail on requests after its notAfter by the clock of the capture and the server's Date both; warn after a newer certificate with the same names was downloaded by the same account (whether the client considers the old one replaced is its own state).",
  traps: ['Other replicas may still use the old certificate.'],
  unknownWhen: ['U-START', 'U-CLOCK'],
  inPractice: { Boulder: 'Answers anyway', Pebble: 'Answers anyway' },
  remedy: 'Stop polling.',
  references: ['RFC 9773 §4.3'],
  why: 'There is nothing to renew any more; the requests only load the CA.',
  explains: { types: [], details: [] },
  resources: ['renewalInfo'],
  judge(request, traffic) {
    if (request.roleBasis === 'guessed') return undefined
    const text = certIdInUrl(request)
    const seen = text === null || text === '' ? null : readCertId(text, traffic).seen
    if (seen === null) return unknown('U-START', 'the certificate that is asked for is not in the capture')
    const { certificate } = seen
    const said = serverTime(request.response)
    const notAfter = certificate.notAfter ?? Number.POSITIVE_INFINITY
    const byCapture = request.time > notAfter
    const byServer = said === null ? null : said * 1000 > notAfter
    if (byCapture && byServer === true)
      return broken(
        ariLifetime,
        `The certificate of ${quote(titleOf(certificate))} had expired ${seconds(request.time - notAfter)} before; nobody may ask for its renewal information any more.`,
        {
          evidence: { certId: text, notAfter: new Date(notAfter / 1000).toISOString() },
        },
      )
    if (byCapture || byServer === true)
      return unknown(
        'U-CLOCK',
        said === null
          ? "the certificate had expired by the clock of the capture alone; the answer does not tell the server's time"
          : 'the clocks of the capture and of the server disagree on whether the certificate had expired',
      )
    const newest = newestAt(remembered(traffic, renewals).get(namesKey(certificate)) ?? [], request.time)
    if (newest !== null && startOf(newest) > startOf(seen) && (seen.account === null || newest.account === seen.account))
      return broken(
        ariLifetime,
        `A newer certificate for the same names had been downloaded in ${named(newest.request)}; a client that uses it may not ask for the old one any more.`,
        {
          severity: 'warning',
          evidence: { certId: text, newer: newest.certificate.certId },
        },
      )
    return HOLDS
  },
}
