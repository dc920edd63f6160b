import type { AcmeRequest } from '../acme/traffic.ts'
import type { Judgement } from './judge.ts'
import { type Unknown, unknown } from './rule.ts'

/** What rules about the server ask of its answer before they judge it. */

/** The capture lacks the answer (U-RESP), or its header fields (U-REDACT, U-GAP). */
export function lostAnswer({ response }: AcmeRequest): Unknown | null {
  if (response === null) return unknown('U-RESP', 'the answer is not in the capture')
  if (response.headers.length === 0) return unknown('U-REDACT', 'the capture records no header fields for the answer')
  return response.damage.length > 0 ? unknown('U-GAP', 'part of the header fields of the answer is not in the capture') : null
}

/** The capture lacks the content of the answer, or part of it (U-GAP). */
export function lostContent({ response }: AcmeRequest): Unknown | null {
  return response === null || response.body.bytes === null || !response.body.complete
    ? unknown('U-GAP', 'the body of the answer is not, or not wholly, in the capture')
    : null
}

/** Why it cannot be told whether a request was in order, for a rule that blames the server only when it was. */
export function undetermined({ undecided }: Judgement): Unknown {
  const first = undecided.find(({ rule }) => rule.severity === 'error' && rule.party !== 'server')
  return unknown(
    first?.code ?? 'U-OTHER',
    `whether the request was in order cannot be told${first === undefined ? '' : `: ${first.reason}`}`,
  )
}
