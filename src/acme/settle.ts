import type { HttpExchange } from '../http/exchange.ts'
import { isObject } from '../jose/json-object.ts'
import type { JwkFacts } from '../jose/keys.ts'
import { Verifier } from '../jose/verify.ts'
import type { Connection } from '../tcp/connection.ts'
import { AccountBook } from './accounts.ts'
import { shapeOf, strings } from './answers.ts'
import { noteBlindSpots } from './blind-spots.ts'
import { settleCertificates } from './certificates.ts'
import { clientUrl, type IssuedNames } from './client-url.ts'
import { type Draft, draftRequest, type MutableCa } from './draft.ts'
import { verifyInner } from './inner-jws.ts'
import { settleNonces } from './nonces.ts'
import { OrderBook } from './orders.ts'
import { RoleBook } from './roles.ts'
import { NO_SIDE_TRAFFIC, type SideTraffic, settleSide } from './side-evidence.ts'
import { joinSightings, timeOf } from './sightings.ts'
import { SignatureJudge } from './signatures.ts'
import type { AcmeTraffic, LookUp } from './traffic.ts'
import { authorityOf, hostOf, splitUrl } from './urls.ts'
import { validationFetches } from './validation-fetches.ts'

export interface SettleOptions {
  /** Public account keys that the operator gave. */
  readonly accountKeys: readonly JwkFacts[]
  /** External account binding keys that the operator gave: key identifier to the text of the MAC key, as the CA gave it. */
  readonly eabKeys: ReadonlyMap<string, string>
  /** False: no signature is verified, each is "unchecked". */
  readonly verify: boolean
  /** All connections of the capture, to tell which of them stayed closed. */
  readonly connections: readonly Connection[]
}

/**
 * Capture order is not knowledge order: a directory may be in yesterday's file, a key in a later key change. So all exchanges are gathered
 * first; here roles, accounts, nonces and orders are settled over the whole timeline, and only then rules run.
 */
export async function settle(
  exchanges: readonly HttpExchange[],
  options: SettleOptions,
  side: SideTraffic = NO_SIDE_TRAFFIC,
): Promise<AcmeTraffic> {
  const inOrder = [...exchanges].sort((a, b) => timeOf(a) - timeOf(b))
  const drafts: Draft[] = []
  const answersOnly: HttpExchange[] = []
  for (const { exchange, alsoSeen } of joinSightings(inOrder)) {
    if (exchange.request === null) answersOnly.push(exchange)
    else drafts.push(draftRequest(exchange, exchange.request, alsoSeen))
  }
  drafts.sort((a, b) => a.time - b.time)

  setClientUrls(drafts)
  const roles = settleRoles(drafts)
  // What has no role is ACME only when it is signed as ACME requests are.
  const acme = drafts.filter((draft) => draft.resource !== 'other' || roles.isSigned(draft))
  acme.forEach((draft, index) => {
    draft.id = index + 1
  })

  const accounts = new AccountBook()
  for (const draft of acme) accounts.learn(draft)
  accounts.close()
  for (const draft of acme) accounts.mention(draft)
  settleNonces(drafts, answersOnly, roles.cas)
  const undecrypted = options.connections.filter(({ tls }) => tls !== null && !tls.decrypted)
  noteBlindSpots(acme, undecrypted)
  if (options.verify) {
    const verifier = await Verifier.load()
    await new SignatureJudge(verifier, accounts, options.accountKeys).judge(acme)
    await verifyInner(acme, verifier, options.eabKeys)
  } else for (const draft of acme) skipVerification(draft)
  await settleCertificates(acme, options)
  const { orders, authorizations, challenges } = settleOrders(acme)

  return {
    requests: acme,
    cas: [...new Set(acme.map(({ ca }) => ca))].filter((ca) => ca !== null),
    accounts: accounts.byUrl,
    accountsByKey: accounts.byKey,
    orders,
    authorizations,
    challenges,
    urls: roles.urls,
    lookUps: lookUps(acme),
    undecrypted,
    side: await settleSide(side, options.verify),
  }
}

function skipVerification(draft: Draft): void {
  if (draft.jws?.signature != null)
    draft.signature = {
      state: 'unchecked',
      code: 'U-KEY',
      reason: 'verification was switched off (--no-verify)',
      verifiesFor: null,
    }
}

function setClientUrls(drafts: readonly Draft[]): void {
  const issued = issuedNames(drafts)
  for (const draft of drafts) {
    const { url, basis, behindProxy } = clientUrl(draft.http, draft.signedUrl, issued)
    draft.url = url
    draft.urlBasis = basis
    draft.behindProxy = behindProxy
  }
}

/** Only URLs that answers hand out as resources count: those of a terms-of-service link do not tell where the CA is. */
function issuedNames(drafts: readonly Draft[]): IssuedNames {
  const urls = new Set<string>()
  const httpsByHost = new Map<string, Map<string, string>>()
  const add = (url: unknown) => {
    if (typeof url !== 'string' || urls.has(url)) return
    const parts = splitUrl(url)
    if (parts === null) return
    urls.add(url)
    if (parts.scheme !== 'https') return
    const host = hostOf(parts.authority)
    const known = httpsByHost.get(host)
    const plain = authorityOf(url) ?? parts.authority
    if (known === undefined) httpsByHost.set(host, new Map([[plain, parts.authority]]))
    else if (!known.has(plain)) known.set(plain, parts.authority)
  }
  for (const { answer, location, response } of drafts) {
    if (response === null || response.status >= 300) continue
    add(location)
    const shape = shapeOf(answer)
    if (shape === null || !isObject(answer)) continue
    if (shape === 'directory') for (const value of Object.values(answer)) add(value)
    else for (const url of [answer.finalize, answer.url, answer.orders, ...strings(answer.authorizations)]) add(url)
  }
  return { urls, httpsByHost }
}

const VALIDATION = { resource: 'validation', basis: 'issued' } as const

function settleRoles(drafts: readonly Draft[]): RoleBook {
  const roles = new RoleBook()
  const fetches = validationFetches(drafts)
  for (const draft of drafts) roles.learnDirectory(draft)
  for (const draft of drafts) {
    if (fetches.has(draft)) continue // the validator's target is no CA
    draft.url = roles.spellingOf(draft.url)
    const ca = roles.caOf(draft)
    draft.ca = ca
    if (ca === null) continue
    ca.firstRequest = Math.min(ca.firstRequest, draft.time)
    roles.learnAnswer(draft, ca)
  }
  for (const draft of drafts) {
    const { resource, basis } = fetches.has(draft) ? VALIDATION : roles.roleOf(draft)
    draft.resource = resource
    if (resource === 'directory' && draft.ca !== null) noteDirectory(draft.ca as MutableCa, draft)
    const self = roles.urls.get(draft.url)
    draft.roleBasis =
      basis === 'issued' && self !== undefined && self.time === draft.response?.time && self.role === resource
        ? 'answered'
        : basis
  }
  return roles
}

/** A directory whose body the capture lacks still shows where a session began. */
function noteDirectory(ca: MutableCa, { method, response, time }: Draft): void {
  if (method === 'GET' && response !== null && response.status < 300 && (ca.firstDirectory === null || time < ca.firstDirectory))
    ca.firstDirectory = time
}

function settleOrders(drafts: readonly Draft[]): OrderBook {
  const book = new OrderBook()
  for (const draft of drafts) book.learn(draft)
  book.close()
  return book
}

function lookUps(drafts: readonly Draft[]): LookUp[] {
  return drafts
    .filter((draft) => draft.resource === 'newAccount' && isObject(draft.payload) && draft.payload.onlyReturnExisting === true)
    .map((request) => ({ request, thumbprint: request.jwk?.thumbprint ?? null }))
}
