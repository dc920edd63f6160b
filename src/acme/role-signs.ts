import { isObject } from '../jose/json-object.ts'
import { acmeType, links, type Shape } from './answers.ts'
import type { Draft } from './draft.ts'
import type { Resource } from './traffic.ts'
import { splitUrl } from './urls.ts'

/** Which role a URL has, as one exchange with it tells: by its answer, its payload or its path. */

/** RFC 8555 6.5.1, 6.7: an answer that only a CA gives. */
export function showsAcme({ replayNonce, problem }: Draft): boolean {
  return replayNonce !== null || acmeType(problem) !== null
}

/** A success whose shape (and the payload that asked for it) only one resource gives. */
export function roleFromAnswer(draft: Draft, shape: Shape | null): Resource | null {
  const asked = draft.method === 'POST' ? guessFromPayload(draft) : null
  const created = draft.response?.status === 201
  if (shape === 'directory') return 'directory'
  if (shape === 'order') {
    if (created || asked === 'newOrder') return 'newOrder'
    if (asked === 'finalize') return 'finalize'
    // A finalize whose body was lost is answered by the order too.
    return draft.method === 'GET' || draft.payloadKind === 'empty' ? 'order' : null
  }
  if (shape === 'authorization') return created || asked === 'newAuthz' ? 'newAuthz' : 'authorization'
  if (shape === 'challenge') return 'challenge'
  if (shape === 'orders') return 'accountOrders'
  if (shape === 'renewalInfo') return 'renewalInfo'
  if (shape === 'account') return roleOfAccountAnswer(draft)
  if (contentTypeOf(draft).includes('pem-certificate-chain')) return 'certificate'
  // Without a body the payload that was asked with and a fitting success tell as much.
  if (asked === 'newAccount' || asked === 'newOrder') return draft.location === null ? null : asked
  if (asked === 'finalize' || asked === 'revokeCert' || asked === 'keyChange' || asked === 'account') return asked
  if (draft.payloadKind === 'object' && draft.response !== null && links(draft.response, 'up').length > 0) return 'challenge'
  return null
}

/** RFC 8555 6.2: whoever asks for an account signs with its URL, and newAccount with the key; a kid that is another URL tells neither. */
function roleOfAccountAnswer({ kid, jwk, url }: Draft): Resource | null {
  if (kid === url) return 'account'
  return jwk !== null && kid === null ? 'newAccount' : null
}

function contentTypeOf(draft: Draft): string {
  return draft.response?.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1].toLowerCase() ?? ''
}

/** The members that only one resource's payload has (RFC 8555 7.3 - 7.6). */
export function guessFromPayload(draft: Draft): Resource | null {
  if (draft.kid !== null && draft.kid !== '' && draft.kid === draft.url) return 'account'
  const payload = draft.payload
  if (!isObject(payload)) return null
  if (payload.csr !== undefined) return 'finalize'
  if (payload.identifiers !== undefined) return 'newOrder'
  if (payload.identifier !== undefined) return 'newAuthz'
  if (payload.certificate !== undefined) return 'revokeCert'
  if (payload.protected !== undefined && payload.signature !== undefined) return 'keyChange'
  if (NEW_ACCOUNT_MEMBERS.some((name) => payload[name] !== undefined)) return 'newAccount'
  if (payload.contact !== undefined && draft.jwk !== null) return 'newAccount'
  return null
}

const NEW_ACCOUNT_MEMBERS = ['onlyReturnExisting', 'termsOfServiceAgreed', 'externalAccountBinding']

/** Path words of the servers people run, as the last resort; order matters. */
const PATH_WORDS: readonly (readonly [RegExp, Resource])[] = [
  [/\/(dir|directory)$/i, 'directory'],
  [/nonce/i, 'newNonce'],
  [/sign-me-up|new-?acc(oun)?t/i, 'newAccount'],
  [/order-plz|new-?order/i, 'newOrder'],
  [/new-?authz/i, 'newAuthz'],
  [/revoke/i, 'revokeCert'],
  [/rollover|key-?change/i, 'keyChange'],
  [/finalize/i, 'finalize'],
  [/chalZ|\/chall?(enge)?(-v\d)?\//i, 'challenge'],
  [/authZ?\/|\/authz(-v\d)?\//i, 'authorization'],
  [/certZ\/|\/cert(ificate)?\//i, 'certificate'],
  [/renewal-?info/i, 'renewalInfo'],
  [/\/(my-)?order\//i, 'order'],
  [/\/(my-account|acct|account)\//i, 'account'],
]

export function guessFromPath(draft: Draft): Resource | null {
  const path = splitUrl(draft.url)?.rest ?? ''
  return PATH_WORDS.find(([words]) => words.test(path))?.[1] ?? null
}
