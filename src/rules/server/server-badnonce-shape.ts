import { acmeType } from '../../acme/answers.ts'
import { lostAnswer } from '../answer.ts'
import { retries } from '../retries.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { named, quote, remembered } from '../scope.ts'

/** Microseconds within which a nonce is surely fresh. */
const MINUTE = 60e6

export const serverBadnonceShape: Rule = {
  id: 'server-badnonce-shape',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'badNonce is 400 with a fresh nonce',
  norm: 'Refusal for a nonce is 400, type badNonce, with a Replay-Nonce that works.',
  decide:
    'An answer of type badNonce: status 400 and a Replay-Nonce other than the refused one. When a client retries within a minute with exactly the nonce of such an answer, unused until then, and is refused as badNonce again: fail; a warning when a later attempt went through.',
  traps: ['Dogtag throws an untyped exception: expect 500.'],
  unknownWhen: ['U-REDACT', 'U-GAP'],
  inPractice: {
    Boulder: 'Conforms; detail now constant text',
    Pebble: 'Conforms, but refuses good nonces at random on purpose (5 % by default), also the one it has just offered',
    'step-ca': 'Conforms',
    'golang.org/x/crypto/acme': 'Recognises any type ending in :badnonce, any case',
  },
  remedy: 'Server: include a fresh nonce.',
  references: ['RFC 8555 §6.5'],
  why: 'The client retries with the nonce of this answer. Without one it gives up or loops.',
  examples: {
    fails: '{"status": 403, "type": "urn:ietf:params:acme:error:badNonce"}',
    passes: '{"status": 400, "type": "urn:ietf:params:acme:error:badNonce"}',
  },
  explains: { types: [], details: [] },
  judge(request, traffic) {
    const { response, problem, replayNonce, nonceRecord } = request
    if (response === null || acmeType(problem) !== 'badNonce') return undefined
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    const evidence = { status: response.status, refused: request.nonce, offered: replayNonce }
    if (replayNonce === null || replayNonce === '')
      return broken(
        serverBadnonceShape,
        'The badNonce answer has no Replay-Nonce; it has to bring a fresh nonce for the retry.',
        { evidence },
      )
    if (replayNonce === request.nonce)
      return broken(serverBadnonceShape, `The badNonce answer offers the very nonce that it refuses, ${quote(replayNonce)}.`, {
        evidence,
      })
    if (response.status !== 400)
      return broken(serverBadnonceShape, `badNonce was answered with status ${response.status} instead of 400.`, { evidence })
    const first = remembered(traffic, retries).refusedBy.get(request)
    if (
      first === undefined ||
      first.replayNonce !== request.nonce ||
      nonceRecord?.uses[0] !== request ||
      nonceRecord.issues.length > 1
    )
      return HOLDS
    if (request.time - (first.response?.endTime ?? 0) > MINUTE || request.signature.state === 'invalid') return HOLDS
    return broken(
      serverBadnonceShape,
      `The retry uses the nonce that the badNonce answer to ${named(first)} offered, and is refused as badNonce again. Pebble does so on purpose, to test clients.`,
      {
        // Where a further retry went through, nothing was lost but time; one may have, unseen.
        severity: remembered(traffic, retries).succeeded.has(request) || request.ca?.blindSpot != null ? 'warning' : 'error',
        evidence: { ...evidence, offeredBy: first.id },
        remedy:
          'Server: accept the nonce that a badNonce answer offers; behind a load balancer, share nonces or keep a client on one machine.',
      },
    )
  },
}
