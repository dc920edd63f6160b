import { acmeType } from '../../acme/answers.ts'
import { undetermined } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { wasAccepted } from '../scope.ts'

const ABOUT_CURVE = /p-?256|es256|elliptic|ecdsa|\bec keys?\b|curve|algorithm/i

export const serverEs256Support: Rule = {
  id: 'server-es256-support',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'session',
  tier: 1,
  title: 'ES256 is accepted',
  norm: 'Servers must implement ES256.',
  decide:
    'A request in order, with ES256 and a P-256 key, refused as badSignatureAlgorithm: fail. As badPublicKey: a single key may be refused for its own sake; fail only if the text speaks of the curve or algorithm.',
  traps: ['Key blocklists refuse single keys, not the algorithm. Dogtag lacked it before PR 5151.'],
  unknownWhen: ['U-KEY', 'U-START', 'U-GAP'],
  inPractice: { Boulder: 'Accepts', Pebble: 'Accepts', 'step-ca': 'Accepts' },
  remedy: 'Use RS256 meanwhile; ask the CA to fix.',
  references: ['RFC 8555 §6.2'],
  why: 'ES256 is the one algorithm that every client may count on.',
  explains: { types: [], details: [] },
  review(judgement) {
    const { request, compliant } = judgement
    if (request.alg !== 'ES256' || request.response === null) return undefined
    const type = acmeType(request.problem)
    if (wasAccepted(request)) return HOLDS
    if (type !== 'badSignatureAlgorithm' && !(type === 'badPublicKey' && ABOUT_CURVE.test(request.problem?.detail ?? '')))
      return undefined
    if (request.key?.facts.crv !== 'P-256' && request.key !== null) return undefined
    if (compliant === null) return undetermined(judgement)
    if (compliant === false) return undefined
    return broken(
      serverEs256Support,
      `A request signed with ES256 and a P-256 key, which every server has to support, was refused as ${type}.`,
      { evidence: { type, detail: request.problem?.detail ?? null } },
    )
  },
}
