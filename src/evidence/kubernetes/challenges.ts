import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { encodeBase64url, latin1Bytes } from '../../platform/base64.ts'
import { digest } from '../../platform/crypto.ts'
import { agrees, type ComparedField, type Comparison, differs, notCaptured, quoted, requestNames } from '../facts.ts'
import { textAt } from '../fields.ts'
import type { TrafficIndex } from '../traffic-index.ts'
import type { KubernetesObject } from './objects.ts'

/** Holds one Challenge against what the CA showed of it. */
export function compareChallenge({ document }: KubernetesObject, { traffic }: TrafficIndex): Comparison[] {
  const url = textAt(document, 'spec', 'url')
  if (url === null) return []
  const challenge = traffic.challenges.get(url)
  const seen = challenge?.history.at(-1)
  if (challenge === undefined || seen === undefined) return [notCaptured('spec.url', url, 'is of no challenge in this capture')]
  const requests = [...new Set(challenge.history.map(({ request }) => request))]
  return [
    agrees('spec.url', url, `is a challenge that ${requestNames(requests)} showed`, requests),
    ...compareText('spec.authorizationURL', textAt(document, 'spec', 'authorizationURL'), challenge.authorization, seen.request),
    ...compareText('spec.token', textAt(document, 'spec', 'token'), textAt(seen.object, 'token'), seen.request),
    ...compareKey(document, challenge.account, seen.request, traffic),
    ...compareState(textAt(document, 'status', 'state'), textAt(seen.object, 'status'), seen.request),
  ]
}

function compareText(name: ComparedField, said: string | null, shown: string | null, request: AcmeRequest): Comparison[] {
  if (said === null || shown === null) return []
  if (said === shown) return [agrees(name, said, `is what ${requestNames([request])} showed`, [request])]
  return [differs(name, said, shown, `is ${quoted(said)}, and ${requestNames([request])} showed ${quoted(shown)}`, [request])]
}

/** The key authorization ends in the thumbprint of the account key (RFC 8555 8.1), so it tells which key presents the challenge. */
function compareKey(document: unknown, account: string | null, request: AcmeRequest, traffic: AcmeTraffic): Comparison[] {
  const key = textAt(document, 'spec', 'key')
  const token = textAt(document, 'spec', 'token')
  const known = account === null ? undefined : traffic.accounts.get(account)
  const thumbprints = [request.key?.facts.thumbprint, ...(known?.keys ?? []).map((period) => period.key.thumbprint)].filter(
    (thumbprint) => thumbprint != null,
  )
  if (key === null || token === null || thumbprints.length === 0) return []
  const fits = thumbprints.some((thumbprint) => {
    const authorization = `${token}.${thumbprint}`
    return key === authorization || key === encodeBase64url(digest('sha256', latin1Bytes(authorization)))
  })
  return [
    fits
      ? agrees('spec.key', null, `is made with the account key that signed ${requestNames([request])}`, [request])
      : differs(
          'spec.key',
          null,
          null,
          `is not made with this token and the account key that signed ${requestNames([request])} (thumbprint ${thumbprints[0]})`,
          [request],
        ),
  ]
}

const FINAL: ReadonlySet<string | null> = new Set(['valid', 'invalid'])

function compareState(said: string | null, shown: string | null, request: AcmeRequest): Comparison[] {
  if (said === null || shown === null) return []
  if (said !== shown && !(FINAL.has(said) && FINAL.has(shown))) return []
  return compareText('status.state', said, shown, request)
}
