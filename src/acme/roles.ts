import { isObject } from '../jose/json-object.ts'
import { links, objects, type Shape, shapeOf, strings } from './answers.ts'
import type { Draft, MutableCa } from './draft.ts'
import type { IssuedUrl, Resource, RoleBasis } from './traffic.ts'
import { authorityOf, splitUrl } from './urls.ts'

/** Members of the directory that are URLs of resources (RFC 8555 7.1.1, RFC 9773 4). */
const DIRECTORY_ROLES: readonly Resource[] = [
  'newNonce',
  'newAccount',
  'newOrder',
  'newAuthz',
  'revokeCert',
  'keyChange',
  'renewalInfo',
]

/**
 * The CAs of the capture and the roles of their URLs, learnt from what the CAs answered over the whole timeline: directory, Location, Link and
 * the URL members of objects. Only what no answer names is guessed, from the payload or from a look-alike URL.
 */
export class RoleBook {
  readonly cas: MutableCa[] = []
  readonly urls = new Map<string, IssuedUrl>()
  readonly #byAuthority = new Map<string, MutableCa[]>()
  /** Path without its last segment, to the one role all issued URLs there have; null when they differ. */
  readonly #siblings = new Map<string, Resource | null>()

  /** First pass: a directory document makes a CA, or adds another URL to the one that hands out the same resources. */
  learnDirectory(draft: Draft): void {
    const json = draft.answer
    if (draft.response === null || draft.response.status >= 300 || shapeOf(json) !== 'directory' || !isObject(json)) return
    const members = DIRECTORY_ROLES.filter((name) => typeof json[name] === 'string').map(
      (name) => [name, json[name] as string] as const,
    )
    let ca = this.cas.find(
      (known) => known.directoryUrl === draft.url || members.every(([name, url]) => known.directory?.[name] === url),
    )
    if (ca === undefined) {
      ca = this.#newCa(draft.time)
      ca.directoryUrl = draft.url
      ca.firstDirectory = draft.time
    }
    ca.directory = json
    this.#issue(ca, draft.url, 'directory', draft)
    for (const [role, url] of members) this.#issue(ca, url, role, draft)
  }

  /** The CA that a URL belongs to: the one that issued it, else the one at its authority; made up when there is none. */
  caOf(draft: Draft): MutableCa | null {
    const issued = this.urls.get(draft.url)
    if (issued !== undefined) return issued.ca as MutableCa
    const authority = authorityOf(draft.url)
    if (authority === null) return null
    const known = this.#byAuthority.get(authority)
    if (known === undefined) {
      const ca = this.#newCa(draft.time)
      this.#claim(ca, draft.url)
      return ca
    }
    return known.length === 1 ? (known[0] as MutableCa) : closest(known, draft.url)
  }

  /** Second pass: every URL that an answer hands out, and the role of the request's own URL when the answer shows it. */
  learnAnswer(draft: Draft, ca: MutableCa): void {
    const { response, answer, location } = draft
    if (response === null) return
    for (const url of links(response, 'index')) this.#issue(ca, url, 'directory', draft)
    if (response.status >= 300) return
    const shape = shapeOf(answer)
    const own = roleFromAnswer(draft, shape)
    if (own !== null && !this.urls.has(draft.url)) this.#issue(ca, draft.url, own, draft)
    const role = this.urls.get(draft.url)?.role ?? own
    const target = location === null ? null : absolute(location, draft.url)
    if (target !== null) {
      if (role === 'newAccount') this.#issue(ca, target, 'account', draft)
      else if (role === 'newOrder' || shape === 'order') this.#issue(ca, target, 'order', draft)
      else if (role === 'newAuthz') this.#issue(ca, target, 'authorization', draft)
    }
    if (role === 'certificate')
      for (const url of links(response, 'alternate')) this.#issue(ca, absolute(url, draft.url), 'certificate', draft)
    if (role === 'challenge')
      for (const url of links(response, 'up')) this.#issue(ca, absolute(url, draft.url), 'authorization', draft)
    if (shape !== null && isObject(answer)) this.#learnMembers(ca, shape, answer, draft)
  }

  #learnMembers(ca: MutableCa, shape: Shape, object: Record<string, unknown>, draft: Draft): void {
    const text = (name: string) => (typeof object[name] === 'string' ? (object[name] as string) : null)
    if (shape === 'order') {
      for (const url of strings(object.authorizations)) this.#issue(ca, url, 'authorization', draft)
      this.#issue(ca, text('finalize'), 'finalize', draft)
      this.#issue(ca, text('certificate'), 'certificate', draft)
      this.#issue(ca, text('star-certificate'), 'certificate', draft)
    } else if (shape === 'authorization') {
      for (const challenge of objects(object.challenges))
        if (typeof challenge.url === 'string') this.#issue(ca, challenge.url, 'challenge', draft)
    } else if (shape === 'challenge') this.#issue(ca, text('url'), 'challenge', draft)
    else if (shape === 'account') this.#issue(ca, text('orders'), 'accountOrders', draft)
    else if (shape === 'orders') for (const url of strings(object.orders)) this.#issue(ca, url, 'order', draft)
  }

  /** Last pass: the role of a request's URL and how sure it is. */
  roleOf(draft: Draft): { resource: Resource; basis: RoleBasis } {
    if (draft.http.target.includes('/.well-known/acme-challenge/')) return { resource: 'validation', basis: 'issued' }
    if (draft.method === 'OPTIONS' || draft.method === 'CONNECT') return { resource: 'other', basis: 'none' }
    const issued = this.urls.get(draft.url) ?? this.urls.get(draft.observedUrl)
    if (issued !== undefined) return { resource: issued.role, basis: 'issued' }
    const renewal = draft.ca?.directory?.renewalInfo
    if (typeof renewal === 'string' && draft.url.startsWith(`${renewal.replace(/\/$/, '')}/`))
      return { resource: 'renewalInfo', basis: 'issued' }
    const guess = guessFromPayload(draft) ?? this.#siblings.get(parentOf(draft.url)) ?? guessFromPath(draft)
    return guess == null ? { resource: 'other', basis: 'none' } : { resource: guess, basis: 'guessed' }
  }

  #issue(ca: MutableCa, url: string | null, role: Resource, draft: Draft): void {
    if (url === null || splitUrl(url) === null) return
    this.#claim(ca, url)
    const known = this.urls.get(url)
    if (known !== undefined) return
    const owner = role === 'account' ? url : (draft.kid ?? null)
    this.urls.set(url, { url, role, ca, time: draft.response?.time ?? draft.time, owner })
    if (DIRECTORY_ROLES.includes(role) || role === 'directory') return
    const parent = parentOf(url)
    const sibling = this.#siblings.get(parent)
    this.#siblings.set(parent, sibling === undefined || sibling === role ? role : null)
  }

  /** The URL's authority belongs to the CA; CAs that share an authority share one nonce ledger (several directories of one server). */
  #claim(ca: MutableCa, url: string): void {
    const authority = authorityOf(url)
    if (authority === null || ca.authorities.has(authority)) return
    ca.authorities.add(authority)
    const known = this.#byAuthority.get(authority)
    if (known === undefined) this.#byAuthority.set(authority, [ca])
    else {
      known.push(ca)
      ca.nonces = (known[0] as MutableCa).nonces
    }
  }

  #newCa(time: number): MutableCa {
    const ca: MutableCa = {
      id: this.cas.length,
      directoryUrl: null,
      directory: null,
      authorities: new Set(),
      nonces: { byValue: new Map() },
      firstDirectory: null,
      firstRequest: time,
    }
    this.cas.push(ca)
    return ca
  }
}

function closest(candidates: readonly MutableCa[], url: string): MutableCa {
  const common = (ca: MutableCa) => {
    const other = ca.directoryUrl ?? ''
    let length = 0
    while (length < url.length && url[length] === other[length]) length++
    return length
  }
  return candidates.reduce((best, ca) => (common(ca) > common(best) ? ca : best))
}

export function absolute(reference: string, base: string): string | null {
  if (splitUrl(reference) !== null) return reference
  return URL.canParse(reference, base) ? new URL(reference, base).href : null
}

function parentOf(url: string): string {
  return url.slice(0, url.lastIndexOf('/') + 1)
}

/** A success whose shape (and the payload that asked for it) only one resource gives. */
function roleFromAnswer(draft: Draft, shape: Shape | null): Resource | null {
  const asked = draft.method === 'POST' ? guessFromPayload(draft) : null
  const created = draft.response?.status === 201
  if (shape === 'directory') return 'directory'
  if (shape === 'order') return created ? 'newOrder' : asked === 'finalize' ? 'finalize' : 'order'
  if (shape === 'authorization') return created ? 'newAuthz' : 'authorization'
  if (shape === 'challenge') return 'challenge'
  if (shape === 'orders') return 'accountOrders'
  if (shape === 'renewalInfo') return 'renewalInfo'
  if (shape === 'account') return draft.jwk !== null && draft.kid === null ? 'newAccount' : 'account'
  if (contentTypeOf(draft).includes('pem-certificate-chain')) return 'certificate'
  // Without a body the payload that was asked with and a fitting success tell as much.
  if (asked === 'newAccount' || asked === 'newOrder') return draft.location === null ? null : asked
  if (asked === 'finalize' || asked === 'revokeCert' || asked === 'keyChange' || asked === 'account') return asked
  if (draft.payloadKind === 'object' && draft.response !== null && links(draft.response, 'up').length > 0) return 'challenge'
  return null
}

function contentTypeOf(draft: Draft): string {
  return draft.response?.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1].toLowerCase() ?? ''
}

/** The members that only one resource's payload has (RFC 8555 7.3 - 7.6). */
function guessFromPayload(draft: Draft): Resource | null {
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

/** Only for what looks like ACME otherwise: a signed request, or an answer with a nonce or a problem document. */
function guessFromPath(draft: Draft): Resource | null {
  const signed = draft.jws !== null && draft.jws.header !== null
  if (!signed && draft.replayNonce === null && !draft.problem?.type?.startsWith('urn:ietf:params:acme')) return null
  const path = splitUrl(draft.url)?.rest ?? ''
  return PATH_WORDS.find(([words]) => words.test(path))?.[1] ?? null
}
