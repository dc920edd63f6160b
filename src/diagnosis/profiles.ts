import type { AcmeRequest, AcmeTraffic, Ca } from '../acme/traffic.ts'
import { authorityOf, hostOf } from '../acme/urls.ts'
import { field } from '../http/exchange.ts'
import { isObject } from '../jose/json-object.ts'
import type { Rule } from '../rules/rule.ts'
import { remembered } from '../rules/scope.ts'
import { type Mistake, PROFILES, type Profile, type Stage } from './profile-table.ts'

/** A CA whose software or service is known, and by what it was recognised. */
export interface Recognised {
  readonly profile: Profile
  readonly by: string
}

/** Answers that are looked at for a field that only one kind of server sends. */
const LOOKED_AT = 50

/** What the CA runs, as far as its directory or its answers say; null when nothing known says so. A profile never decides a verdict. */
export function recognised(ca: Ca | null, traffic: AcmeTraffic): Recognised | null {
  return ca === null ? null : (remembered(traffic, recogniseAll).get(ca) ?? null)
}

function recogniseAll(traffic: AcmeTraffic): ReadonlyMap<Ca, Recognised> {
  const requests = new Map<Ca, AcmeRequest[]>()
  for (const request of traffic.requests) {
    if (request.ca === null || request.response === null) continue
    const own = requests.get(request.ca)
    if (own === undefined) requests.set(request.ca, [request])
    else if (own.length < LOOKED_AT) own.push(request)
  }
  const found = new Map<Ca, Recognised>()
  for (const ca of traffic.cas)
    for (const profile of PROFILES) {
      const by = signOf(profile, ca, requests.get(ca) ?? [])
      if (by === null) continue
      found.set(ca, { profile, by })
      break
    }
  return found
}

function signOf(
  { signs }: Profile,
  { directory, directoryUrl, authorities }: Ca,
  requests: readonly AcmeRequest[],
): string | null {
  const hosts = new Set([...authorities].map((authority) => hostOf(authority).toLowerCase()))
  const asked = directoryUrl === null ? null : authorityOf(directoryUrl)
  if (asked !== null) hosts.add(hostOf(asked).toLowerCase())
  for (const host of hosts) if (signs.host?.test(host) === true) return `its name ${host}`
  const meta = isObject(directory?.meta) ? JSON.stringify(directory.meta) : ''
  if (signs.meta?.test(meta) === true) return 'the meta member of its directory'
  const paths = Object.values(directory ?? {}).flatMap((url) =>
    typeof url === 'string' ? (/^https?:\/\/[^/]*(\/.*)$/.exec(url)?.[1] ?? []) : [],
  )
  if (signs.paths?.every((path) => paths.some((one) => path.test(one)))) return 'the paths in its directory'
  const { field: name } = signs
  if (name !== undefined && requests.some(({ response }) => response !== null && field(response.headers, name) !== null))
    return `its ${name} header field`
  return null
}

/** Where in its work a server looks at what a rule is about. */
function stageOf({ id, group }: Rule): Stage {
  if (CONTENT.has(id)) return 'content'
  if (id === 'jws-resent-verbatim') return 'nonce'
  if (id.startsWith('alg-')) return 'alg'
  if (group === 'transport' || group === 'jws' || group === 'nonce' || group === 'url' || group === 'signature') return group
  if (group === 'jwk' || (group === 'kid' && FORM.has(id))) return 'form'
  return group === 'kid' ? 'account' : 'content'
}

/** What is looked at when the request is known to be genuine, whatever group the rule is in. */
const CONTENT: ReadonlySet<string> = new Set([
  'kid-resource-owner',
  'legacy-resource-field',
  'payload-not-json',
  'post-as-get-payload',
])

const FORM: ReadonlySet<string> = new Set([
  'kid-required',
  'kid-forbidden',
  'kid-jwk-exclusive',
  'kid-jwk-both-absent',
  'kid-is-eab-key-id',
])

/** When this kind of server comes to look at a rule, from 0; null when it is not known. */
export function turnOf(rule: Rule, known: Recognised | null): number | null {
  const place = known?.profile.order?.indexOf(stageOf(rule)) ?? -1
  return place < 0 ? null : place
}

/** The server was not seen to check this at all, so it is not why it refused anything. */
export function isUnchecked(rule: Rule, known: Recognised | null): boolean {
  return known?.profile.unchecked?.includes(stageOf(rule)) ?? false
}

/** How this kind of server answers a mistake; null when that is not known. */
export function usualAnswer(rule: Rule, known: Recognised | null): string | null {
  const mistake = MISTAKES[rule.id]
  return mistake === undefined ? null : (known?.profile.answers[mistake] ?? null)
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  'kid-required': 'jwk-for-kid',
  'jwk-forbidden': 'jwk-for-kid',
  'kid-foreign-authority': 'foreign-kid',
  'kid-location-mismatch': 'altered-kid',
  'kid-jwk-exclusive': 'kid-and-jwk',
  'signature-invalid': 'bad-signature',
  'url-mismatch': 'url-mismatch',
  'nonce-never-issued': 'unknown-nonce',
  'nonce-reused': 'unknown-nonce',
  'content-type-jose': 'content-type',
  'kid-inactive-account': 'inactive-account',
}
