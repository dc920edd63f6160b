import { acmeType } from '../acme/answers.ts'
import { type AcmeRequest, isJudged } from '../acme/traffic.ts'
import { field } from '../http/exchange.ts'
import { wasAccepted } from '../rules/scope.ts'
import { type Case, groupBy, MAX_TOLD } from './case.ts'
import { type Diagnosis, type DiagnosisKind, forCa, forProxy } from './diagnosis.ts'
import { capitalised, requestList, were } from './words.ts'

export const diagMiddleboxResponse: DiagnosisKind = {
  id: 'diag-middlebox-response',
  group: 'session',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'Answer did not come from the CA',
  norm: 'HTML or foreign error page on an ACME URL.',
  decide:
    "Media type text/html, Server header differing from CA's, captive portal, WAF block (403/406/413/429), proxy 502-504, missing all ACME headers.",
  traps: ["Boulder's unknown-path 404 is plain text."],
  unknownWhen: ['U-RESP'],
  inPractice: { 'golang.org/x/crypto/acme': 'Raw body becomes Detail' },
  remedy: 'Exempt the ACME host from the filter.',
  references: ['RFC 8555 §6.7'],
}

/** Status codes that filters and gateways answer with; others with HTML may well be the CA's own. */
const GATEWAY: ReadonlySet<number> = new Set([403, 406, 413, 429, 502, 503, 504, 511])

/** Answers that carry nothing of ACME, but a page of something that stands before the CA. */
export function middleboxResponse(facts: Case): Diagnosis[] {
  const refused = facts
    .open()
    .filter(({ verdict, match }) => verdict !== 'client' || match !== 'words')
    .map(({ judgement }) => judgement.request)
  // A page with a success status instead of the directory or an object: a portal that wants a log-in.
  const pages = facts.judgements
    .map(({ request }) => request)
    .filter((request) => isJudged(request) && request.roleBasis === 'issued' && wasAccepted(request) && isHtml(request))
  const foreign = [...new Set([...refused.filter(isGatewayPage), ...pages])].filter((request) => request.response !== null)
  return groupBy(foreign, (request) => `${request.ca?.id} ${request.response?.status} ${serverOf(request)}`)
    .slice(0, MAX_TOLD)
    .map((requests) => {
      const first = requests[0] as AcmeRequest
      const usual = facts.traffic.requests.find((request) => request.ca === first.ca && wasAccepted(request) && !isHtml(request))
      const [own, other] = [serverOf(first), usual === undefined ? null : serverOf(usual)]
      const differs = own !== null && other !== null && own !== other
      const later = facts.traffic.requests.find(
        (request) =>
          request.id > (requests.at(-1)?.id ?? 0) && request.url === first.url && wasAccepted(request) && !isHtml(request),
      )
      return {
        kind: diagMiddleboxResponse,
        party: 'proxy',
        bothAtFault: false,
        confidence: differs ? 'certain' : 'likely',
        aside: later !== undefined,
        title: 'The answer did not come from the CA',
        explanation: `${capitalised(requestList(requests))} ${were(requests)} answered ${first.response?.status} with ${isHtml(first) ? 'an HTML page' : 'no problem document'} and no Replay-Nonce${own === null ? '' : `, by "${own}"`}${differs ? `, whereas the CA's own answers come from "${other}"` : ''}. ${GATEWAY_STORY[first.response?.status ?? 0] ?? 'That is what a filter or portal between client and CA sends.'}${later === undefined ? '' : ` The request was accepted later (request ${later.id}).`}`,
        remedies: [
          forProxy(
            `let requests to ${first.url.split('/').slice(0, 3).join('/')} through unchanged, and look why the proxy or filter answers ${first.response?.status} itself.`,
          ),
          forCa('see whether the CA behind it was up.'),
        ],
        explains: requests,
        evidence: usual === undefined ? [] : [usual],
      }
    })
}

const GATEWAY_STORY: Readonly<Record<number, string>> = {
  502: 'A gateway says so when it gets no proper answer from the server behind it.',
  503: 'A gateway says so when it has no server to pass the request to.',
  504: 'A gateway says so when the server behind it does not answer in time.',
}

/** Nothing in the answer is of ACME: no problem document, no nonce; and its body, when there is one, is a page. */
function isGatewayPage(request: AcmeRequest): boolean {
  const { response, problem, replayNonce } = request
  if (response === null || replayNonce !== null || acmeType(problem) !== null || !GATEWAY.has(response.status)) return false
  if (response.damage.length > 0 || response.headers.length === 0) return false
  return isHtml(request) || (response.status >= 502 && response.status <= 504 && problem?.object == null)
}

function isHtml({ response }: AcmeRequest): boolean {
  return response !== null && /^text\/html\b/i.test(field(response.headers, 'content-type') ?? '')
}

function serverOf({ response }: AcmeRequest): string | null {
  return response === null ? null : field(response.headers, 'server')
}
