import { isJudged } from '../acme/traffic.ts'
import { authorityOf } from '../acme/urls.ts'
import { field } from '../http/exchange.ts'
import { seconds } from '../rules/scope.ts'
import { type Case, groupBy } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forCapturer } from './diagnosis.ts'

export const diagClockSkew: DiagnosisKind = {
  id: 'diag-clock-skew',
  group: 'session',
  party: 'either',
  severity: 'warning',
  level: 'session',
  tier: 1,
  title: 'Clock or expiry trouble',
  norm: 'Client, server or capture clocks disagree, or something expired.',
  decide:
    'Compare HTTP Date with capture time (median offset per host); certificate of the ACME server vs capture time; order/authz expires in the past; not-yet-valid leaf. Over 60 s: warn.',
  traps: ['ACME requests carry no timestamps: skew harms TLS, ARI and renewal, not JWS.'],
  unknownWhen: ['U-CLOCK'],
  inPractice: {},
  remedy: 'Sync clocks (NTP).',
  references: ['RFC 8555 §7.1.3'],
}

/** Microseconds between two clocks that are worth telling, and answers it takes to tell. */
const SKEWED = 60e6
const ENOUGH = 3

/** Servers whose Date is far from the time at which the capture saw their answers. */
export function clockSkew(facts: Case): Diagnosis[] {
  const dated = facts.judgements.flatMap(({ request }) => {
    const date = request.response === null || !isJudged(request) ? null : field(request.response.headers, 'date')
    const time = date === null ? Number.NaN : Date.parse(date) * 1000
    return request.response === null || Number.isNaN(time) ? [] : [{ request, offset: time - request.response.time }]
  })
  return groupBy(dated, ({ request }) => authorityOf(request.url) ?? '').flatMap((group) => {
    const offsets = group.map(({ offset }) => offset).sort((a, b) => a - b)
    const median = offsets[offsets.length >> 1] ?? 0
    const first = group[0]?.request
    if (group.length < ENOUGH || Math.abs(median) <= SKEWED || first === undefined) return []
    return [
      {
        kind: diagClockSkew,
        party: 'unknown' as const,
        bothAtFault: false,
        confidence: 'likely' as const,
        aside: true,
        title: 'The clocks of server and capture disagree',
        explanation: `The Date of ${group.length} answers from ${authorityOf(first.url)} is ${seconds(Math.abs(median))} ${median > 0 ? 'after' : 'before'} the time at which they were captured (median; first: request ${first.id}). Which of the two clocks is wrong the capture cannot tell. ACME requests carry no time, so no refusal follows from it; TLS certificates, renewal and expiry do depend on it.`,
        remedies: [
          forCa('compare the clock of the CA with NTP.'),
          forCapturer('compare the clock of the host that captured too.'),
        ],
        explains: [],
        evidence: [first],
      },
    ]
  })
}
