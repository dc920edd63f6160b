import { isJudged } from '../../acme/traffic.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { isPresent } from '../scope.ts'

export const captureResponseMissing: Rule = {
  id: 'capture-response-missing',
  group: 'capture',
  party: 'capture',
  severity: 'info',
  level: 'capture',
  tier: 1,
  title: 'Request without response',
  norm: 'Without its answer the outcome of a request is not known.',
  decide: 'Broken when the capture or the connection ends before an answer to the request came.',
  traps: ['The nonce counts as used all the same.'],
  unknownWhen: [],
  inPractice: {},
  remedy: 'Capture until the client has finished.',
  references: [],
  why: 'Whether the CA took the request cannot be told, nor what it gave back.',
  explains: { types: [], details: [] },
  judge(request) {
    if (!isJudged(request)) return undefined
    if (request.response !== null) return HOLDS
    const spent = isPresent(request.nonce) ? ' Its nonce counts as used.' : ''
    return broken(captureResponseMissing, `The capture has no answer to this request, so that its outcome is not known.${spent}`)
  },
}
