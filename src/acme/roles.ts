import { isObject } from '../jose/json-object.ts'
import { links, objects, type Shape, shapeOf, strings } from './answers.ts'
import { hasNoTarget } from './client-url.ts'
import type { Draft, MutableCa } from './draft.ts'
import { guessFromPath, guessFromPayload, roleFromAnswer, showsAcme } from './role-signs.ts'
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
  /** Further roles of URLs that were issued in more than one. */
  readonly #otherRoles = new Map<string, Set<Resource>>()
  /** Issued URLs that say a default port or letters that the plain spelling does not, by that spelling. */
  readonly #spellings = new Map<string, string>()
  readonly #byDirectory = new Map<string, MutableCa>()
  readonly #byAuthority = new Map<string, MutableCa[]>()
  /** Beginnings of the paths of directory URLs, authority included, to the first CA with such a directory. */
  readonly #byPrefix = new Map<string, MutableCa>()
  readonly #byLedger = new Map<MutableCa['nonces'], MutableCa[]>()
  /** CAs of which anything was seen that only ACME has. */
  readonly #proven = new Set<MutableCa>()
  /** Path without its last segment, to the one role all issued URLs there have; null when they differ. */
  readonly #siblings = new Map<string, Resource | null>()

  /** First pass: a directory document makes a CA, or adds another URL to the one that hands out the same resources. */
  learnDirectory(draft: Draft): void {
    const json = draft.answer
    if (draft.response === null || draft.response.status >= 300 || shapeOf(json) !== 'directory' || !isObject(json)) return
    const members = DIRECTORY_ROLES.filter((name) => typeof json[name] === 'string').map(
      (name) => [name, json[name] as string] as const,
    )
    const core = ['core', json.newNonce, json.newAccount, json.newOrder].join(' ')
    let ca = this.#byDirectory.get(draft.url) ?? this.#byDirectory.get(core)
    ca ??= this.#newCa(draft.time)
    // Whoever fetches it with a signature has been here before (RFC 8555 6.3).
    if (draft.method === 'GET') ca.firstDirectory ??= draft.time
    this.#byDirectory.set(core, ca)
    if (!isNowhere(draft)) {
      ca.directoryUrl ??= draft.url
      this.#byDirectory.set(draft.url, ca)
      for (const prefix of prefixesOf(draft.url)) if (!this.#byPrefix.has(prefix)) this.#byPrefix.set(prefix, ca)
      this.#issue(ca, draft.url, 'directory', draft)
    }
    ca.directory = json
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
    if (known.length > 1)
      for (const prefix of prefixesOf(draft.url).reverse()) {
        const closest = this.#byPrefix.get(prefix)
        if (closest !== undefined) return closest
      }
    return known[0] as MutableCa
  }

  /** The spelling in which a URL was issued, when the one on the wire differs in a default port or in letter case of the host alone. */
  spellingOf(url: string): string {
    if (this.urls.has(url)) return url
    const plain = plainSpelling(url)
    return this.urls.has(plain) ? plain : (this.#spellings.get(plain) ?? url)
  }

  /** Whether a signed request is ACME: its parameters are (RFC 8555 6.4, 6.5), or where it goes is known for it. */
  isSigned({ jws, ca }: Draft): boolean {
    const header = jws?.header ?? null
    return header !== null && (header.nonce !== undefined || header.url !== undefined || this.#isProven(ca))
  }

  #isProven(ca: Draft['ca']): boolean {
    return ca !== null && this.#proven.has(ca as MutableCa)
  }

  /** Second pass: every URL that an answer hands out, and the role of the request's own URL when the answer shows it. */
  learnAnswer(draft: Draft, ca: MutableCa): void {
    const { response, answer, location } = draft
    if (response === null) return
    if (showsAcme(draft)) this.#proven.add(ca)
    for (const url of links(response, 'index')) this.#issue(ca, absolute(url, draft.url), 'directory', draft)
    if (response.status >= 300) return
    const shape = shapeOf(answer)
    const own = roleFromAnswer(draft, shape)
    // Where only the signature says which URL it was, that may be the wrong one.
    const isSeen = !hasNoTarget(draft.http)
    if (own !== null && isSeen && !this.urls.has(draft.url)) this.#issue(ca, draft.url, own, draft)
    const role = (isSeen ? this.urls.get(draft.url)?.role : null) ?? own
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
    if (draft.method === 'OPTIONS' || draft.method === 'CONNECT') return { resource: 'other', basis: 'none' }
    const issued =
      this.urls.get(draft.url) ??
      this.urls.get(draft.observedUrl) ??
      (draft.urlBasis === 'signed-only' ? this.urls.get(draft.signedUrl ?? '') : undefined)
    if (issued !== undefined)
      return { resource: this.#roleFor(issued, draft), basis: hasNoTarget(draft.http) ? 'guessed' : 'issued' }
    const { renewalInfo, meta } = draft.ca?.directory ?? {}
    if (typeof renewalInfo === 'string' && draft.url.startsWith(`${renewalInfo.replace(/\/$/, '')}/`))
      return { resource: 'renewalInfo', basis: 'issued' }
    if (isObject(meta) && (meta.termsOfService === draft.url || meta.website === draft.url)) return NO_ROLE
    const resource = this.#guess(draft)
    return resource === null ? NO_ROLE : { resource, basis: 'guessed' }
  }

  /** Only for what looks like ACME otherwise: others may use the CA's host too. */
  #guess(draft: Draft): Resource | null {
    const likely = this.isSigned(draft) || showsAcme(draft)
    const sibling = this.#siblings.get(parentOf(draft.url)) ?? null
    if (likely) return guessFromPayload(draft) ?? sibling ?? guessFromPath(draft)
    return draft.method === 'GET' || draft.method === 'HEAD' ? sibling : null
  }

  /** A server may give one URL two roles, such as an order that is its own finalize: then the payload tells which is meant. */
  #roleFor({ url, role }: IssuedUrl, draft: Draft): Resource {
    const others = this.#otherRoles.get(url)
    const meant = others === undefined ? null : guessFromPayload(draft)
    return meant !== null && others?.has(meant) === true ? meant : role
  }

  #issue(ca: MutableCa, url: string | null, role: Resource, draft: Draft): void {
    if (url === null) return
    const known = this.urls.get(url)
    // Most answers name what others named before.
    if (known?.ca !== ca) {
      if (splitUrl(url) === null) return
      this.#claim(ca, url)
      this.#proven.add(ca)
    }
    if (known !== undefined) {
      if (known.role !== role) this.#otherRoles.set(url, (this.#otherRoles.get(url) ?? new Set()).add(role))
      return
    }
    const owner = role === 'account' ? url : (draft.kid ?? null)
    this.urls.set(url, { url, role, ca, time: draft.response?.time ?? draft.time, owner })
    const plain = plainSpelling(url)
    if (plain !== url && !this.#spellings.has(plain)) this.#spellings.set(plain, url)
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
      this.#shareLedger(ca, known[0] as MutableCa)
    }
  }

  #shareLedger(a: MutableCa, b: MutableCa): void {
    if (a.nonces === b.nonces) return
    const [few, many] = [this.#sharing(a), this.#sharing(b)].sort((x, y) => x.length - y.length) as [MutableCa[], MutableCa[]]
    const { nonces } = many[0] as MutableCa
    for (const ca of few) {
      this.#byLedger.delete(ca.nonces)
      ca.nonces = nonces
      many.push(ca)
    }
    this.#byLedger.set(nonces, many)
  }

  #sharing(ca: MutableCa): MutableCa[] {
    return this.#byLedger.get(ca.nonces) ?? [ca]
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
      blindSpot: null,
      lostSince: null,
    }
    this.cas.push(ca)
    return ca
  }
}

const NO_ROLE = { resource: 'other', basis: 'none' } as const

/** Segments of a path that are looked at to tell directories of one host apart. */
const MAX_SEGMENTS = 16

/** "host/", "host/acme/" of "https://host/acme/directory", the shortest first. */
function prefixesOf(url: string): string[] {
  const path = splitUrl(url)?.rest.replace(/[?#].*$/s, '') ?? ''
  const found: string[] = []
  let prefix = authorityOf(url) ?? ''
  for (const segment of path.split('/', MAX_SEGMENTS).slice(0, -1)) {
    prefix += `${segment}/`
    found.push(prefix)
  }
  return found
}

const PLAIN = /^https?:\/\/[^/?#:A-Z]+(?:[/?#]|$)/

/** RFC 3986 6.2.2.1, 6.2.3: without a default port, scheme and host in lower case; the rest as it is. */
function plainSpelling(url: string): string {
  if (PLAIN.test(url)) return url
  const parts = splitUrl(url)
  return parts === null ? url : `${parts.scheme.toLowerCase()}://${authorityOf(url)}${parts.rest}`
}

/** What its URL is was lost, and no signature tells: nothing can be learnt about that URL. */
export function isNowhere({ http, urlBasis }: Draft): boolean {
  return urlBasis === 'observed' && hasNoTarget(http)
}

export function absolute(reference: string, base: string): string | null {
  if (splitUrl(reference) !== null) return reference
  return URL.canParse(reference, base) ? new URL(reference, base).href : null
}

function parentOf(url: string): string {
  return url.slice(0, url.lastIndexOf('/') + 1)
}
