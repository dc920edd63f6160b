import { ALGORITHMS } from '../jose/algorithms.ts'
import { fits } from '../jose/keys.ts'
import { isOpenKeyChange } from './accounts.ts'
import { type Draft, wasAccepted } from './draft.ts'
import type { Account, UnknownCode } from './traffic.ts'

/**
 * A key may be changed where the capture does not look: by another host, on a connection that stayed closed, in a change whose answer was
 * lost. Where the CA took what does not verify, and not everything was captured, the account has another key by then. Where the outcome of a
 * change is not known, a refusal of the old key proves nothing; nor does it where requests may be missing altogether, unless the account
 * uses the old key again. Call with verified requests in time order.
 */
export function doubtUnseenChanges(drafts: readonly Draft[]): void {
  const suspects = new Map<Account, Draft[]>()
  const changed = new Set<Account>()
  const undecided = new Set<Account>()
  for (const draft of drafts) {
    const { account, key, signature, response } = draft
    if (account === null || draft.kid === null) continue
    if (key !== null && key.source !== 'request' && key.source !== 'operator') {
      if (signature.state === 'valid') {
        suspects.delete(account)
        changed.delete(account)
        if (wasAccepted(draft)) undecided.delete(account)
        else if (undecided.has(account) && response !== null) doubt(draft, 'U-RESP', UNDECIDED)
      } else if (fails(draft)) {
        if (wasAccepted(draft) && draft.ca?.blindSpot != null) {
          for (const earlier of suspects.get(account) ?? []) doubt(earlier, 'U-KEY', CHANGED)
          suspects.delete(account)
          changed.add(account)
        }
        if (changed.has(account)) doubt(draft, 'U-KEY', CHANGED)
        else if (undecided.has(account)) doubt(draft, 'U-RESP', UNDECIDED)
        else if (!suspects.get(account)?.push(draft)) suspects.set(account, [draft])
      }
    }
    if (isOpenKeyChange(draft)) undecided.add(account)
  }
  for (const failing of suspects.values())
    for (const draft of failing) if (draft.time >= (draft.ca?.lostSince ?? Number.POSITIVE_INFINITY)) doubt(draft, 'U-KEY', LOST)
}

const CHANGED =
  'the CA takes requests that the known key of the account does not verify, so the key was replaced where the capture does not show it'
const LOST =
  'the key may have been replaced where the capture lacks requests: the account was not seen to use the known one again'
const UNDECIDED = 'the key may have been replaced: the outcome of the key change before is not known'

/** The known key does not verify it, nor explains it in any way. */
function fails({ alg, key, signature }: Draft): boolean {
  if (signature.state === 'invalid') return signature.cause === null
  const algorithm = alg === null ? undefined : ALGORITHMS.get(alg)
  return signature.state === 'unchecked' && key !== null && algorithm?.kind === 'signature' && !fits(key.facts, algorithm)
}

function doubt(draft: Draft, code: UnknownCode, reason: string): void {
  draft.key = null
  draft.signature = { state: 'unchecked', code, reason, verifiesFor: null }
}
