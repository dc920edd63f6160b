import { isJudged } from '../../acme/traffic.ts'
import type { Damage } from '../../core/damage.ts'
import type { HttpMessage } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'

const NONE: readonly Damage[] = []

/** What bytes of a message the capture lacks. */
function lossesOf(message: HttpMessage | null): readonly Damage[] {
  if (message === null || message.damage.length + message.body.damage.length === 0) return NONE
  return [...message.damage, ...message.body.damage].filter(({ kind }) => kind === 'gap' || kind === 'truncated')
}

export const captureGaps: Rule = {
  id: 'capture-gaps',
  group: 'capture',
  party: 'capture',
  severity: 'warning',
  level: 'capture',
  tier: 1,
  title: 'Bytes missing',
  norm: 'The capture lacks bytes of the request or of its answer: lost segments or packets cut by the snap length.',
  decide:
    'TCP sequence holes that the peer acknowledged, and frames whose captured length is below their length, where they lie within the request or its answer. For a HAR see capture-har-limits.',
  traps: ['Checksum errors that come from offloading are harmless.'],
  unknownWhen: [],
  inPractice: {},
  remedy: 'Capture whole packets (tcpdump -s 0), close to the client, with a larger buffer (tcpdump -B).',
  references: [],
  why: 'What cannot be seen is not judged: checks of this request stay undecided.',
  explains: { types: [], details: [] },
  judge(request) {
    if (request.exchange.entry !== null || !isJudged(request)) return undefined
    const ofRequest = lossesOf(request.http)
    const ofAnswer = lossesOf(request.response)
    const first = ofRequest[0] ?? ofAnswer[0]
    if (first === undefined) return HOLDS
    const where =
      ofAnswer.length === 0
        ? 'this request'
        : ofRequest.length === 0
          ? 'the answer to this request'
          : 'this request and of its answer'
    return broken(captureGaps, `Bytes of ${where} are not in the capture: ${first.detail}.`, {
      evidence: { request: ofRequest.map(({ detail }) => detail), answer: ofAnswer.map(({ detail }) => detail) },
    })
  },
}
