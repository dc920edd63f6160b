import type { HttpExchange } from '../http/exchange.ts'
import type { Connection } from '../tcp/connection.ts'
import { readAnswer } from './answers.ts'
import type { Draft, MutableCa, MutableNonce } from './draft.ts'
import type { AcmeRequest } from './traffic.ts'

/**
 * The nonce ledger (RFC 8555 6.5): issued by ANY answer of the CA, also to what is not ACME otherwise; spent by the protected headers of ACME
 * requests (those with an id). Inner JWS never touch it.
 */
export function settleNonces(drafts: readonly Draft[], answersOnly: readonly HttpExchange[], cas: readonly MutableCa[]): void {
  const caByConnection = new Map<Connection, MutableCa>()
  const repeated = new Set<MutableNonce>()
  const issue = (ca: MutableCa, text: string, request: AcmeRequest | null, time: number) => {
    for (const value of valuesOf(text)) {
      const record = recordOf(ca, value)
      record.issues.push({ request, time })
      if (record.issues.length > 1) repeated.add(record)
    }
  }
  for (const draft of drafts) {
    const ca = draft.ca as MutableCa | null
    if (ca === null) continue
    if (draft.exchange.connection !== null) caByConnection.set(draft.exchange.connection, ca)
    if (draft.replayNonce === null) continue
    const time = draft.response?.time ?? draft.time
    issue(ca, draft.replayNonce, draft.id > 0 ? draft : null, time)
    // Without a signature two clients look like two views of one: a cache may have answered both.
    if (draft.jws === null) for (const _ of draft.alsoSeen) issue(ca, draft.replayNonce, null, time)
  }
  for (const { connection, response } of answersOnly) {
    const ca = (connection === null ? undefined : caByConnection.get(connection)) ?? (cas.length === 1 ? cas[0] : undefined)
    const nonce = response === null ? null : readAnswer(response).replayNonce
    if (ca !== undefined && response !== null && nonce !== null) issue(ca, nonce, null, response.time)
  }
  for (const { issues } of repeated) issues.sort((a, b) => a.time - b.time)
  for (const draft of drafts) {
    if (draft.id === 0 || draft.nonce === null || draft.nonce === '' || draft.ca === null) continue
    const record = recordOf(draft.ca as MutableCa, draft.nonce)
    record.uses.push(draft)
    draft.nonceRecord = record
  }
}

/** RFC 9110 5.3: several field lines read as one list; a client may have taken any of them, or the whole. */
function valuesOf(text: string): string[] {
  return text.includes(',') ? [...new Set([text, ...text.split(/\s*,\s*/)])] : [text]
}

function recordOf(ca: MutableCa, value: string): MutableNonce {
  let record = ca.nonces.byValue.get(value)
  if (record === undefined) {
    record = { value, issues: [], uses: [] }
    ca.nonces.byValue.set(value, record)
  }
  return record
}
