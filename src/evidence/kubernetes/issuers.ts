import type { AcmeRequest, Ca, Resource } from '../../acme/traffic.ts'
import { authorityOf, urlDifferences } from '../../acme/urls.ts'
import { field } from '../../http/exchange.ts'
import { isObject } from '../../jose/json-object.ts'
import { agrees, answerOf, type Comparison, differs, notCaptured, quoted, requestNames } from '../facts.ts'
import { listAt, objectAt, textAt, textsAt } from '../fields.ts'
import type { TrafficIndex } from '../traffic-index.ts'
import type { KubernetesObject } from './objects.ts'

/** What an (Cluster)Issuer of type ACME says. */
export interface Issuer {
  readonly object: KubernetesObject
  readonly server: string
  readonly email: string | null
  readonly eabKeyId: string | null
  readonly uri: string | null
  readonly registeredEmail: string | null
  readonly keyHash: string | null
  readonly ready: boolean
}

/** Null for issuers of another type. */
export function issuerOf(object: KubernetesObject): Issuer | null {
  const { document } = object
  const server = textAt(document, 'spec', 'acme', 'server')
  if (server === null || !object.kind.endsWith('Issuer')) return null
  const conditions = listAt(document, 'status', 'conditions')
  return {
    object,
    server,
    email: textAt(document, 'spec', 'acme', 'email'),
    eabKeyId: textAt(document, 'spec', 'acme', 'externalAccountBinding', 'keyID'),
    uri: textAt(document, 'status', 'acme', 'uri'),
    registeredEmail: textAt(document, 'status', 'acme', 'lastRegisteredEmail'),
    keyHash: textAt(document, 'status', 'acme', 'lastPrivateKeyHash'),
    ready: conditions.some((condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True'),
  }
}

/** Requests that only an account may make, and that name it by kid (RFC 8555 6.2). */
const NEED_KID: ReadonlySet<Resource> = new Set([
  'account',
  'accountOrders',
  'newOrder',
  'order',
  'newAuthz',
  'authorization',
  'challenge',
  'finalize',
  'certificate',
  'keyChange',
])

/** Holds one issuer against the traffic; `issuers` are all of them, since what another one claims is not this one's. */
export function compareIssuer(issuer: Issuer, issuers: readonly Issuer[], index: TrafficIndex): Comparison[] {
  const others = issuers.filter((other) => other !== issuer)
  const claimed = new Set(others.flatMap(({ uri }) => (uri === null || uri === issuer.uri ? [] : [uri])))
  const cas = casOf(issuer, index)
  const requests = index.traffic.requests.filter(({ ca }) => ca !== null && cas.has(ca))
  const alone = others.every(({ server }) => server !== issuer.server)
  /** Of this issuer for all that can be told: of cert-manager, and of no other issuer's account. */
  const mine = requests.filter(
    (request) =>
      isCertManager(request) &&
      !claimed.has(accountUrlOf(request) ?? '') &&
      !claimed.has(request.location ?? '') &&
      (alone || accountUrlOf(request) === issuer.uri || request.location === issuer.uri),
  )
  const registrations = mine.filter(({ resource }) => resource === 'newAccount')
  return [
    compareServer(issuer, others, index, requests),
    ...(issuer.uri === null
      ? [missingUri(issuer, registrations, alone)]
      : [uriAgainstLocation(issuer.uri, requests, registrations), uriAgainstKid(issuer.uri, requests, mine)]),
    ...compareEmail(issuer, registrations),
    ...compareBinding(issuer, registrations),
    ...compareKeyHash(issuer, others),
  ]
}

function casOf({ server, uri }: Issuer, { traffic }: TrafficIndex): Set<Ca> {
  const exact = traffic.cas.filter(({ directoryUrl }) => directoryUrl === server)
  const account = uri === null ? undefined : traffic.accounts.get(uri)?.ca
  if (account != null) exact.push(account)
  if (exact.length > 0) return new Set(exact)
  const authority = authorityOf(server)
  return new Set(traffic.cas.filter(({ authorities }) => authority !== null && authorities.has(authority)))
}

function isCertManager({ http }: AcmeRequest): boolean {
  const agent = field(http.headers, 'user-agent')
  return agent === null || /cert-manager/i.test(agent)
}

function accountUrlOf({ kid, account, signature }: AcmeRequest): string | null {
  return kid ?? account?.url ?? (signature.state === 'unchecked' ? (signature.verifiesFor?.url ?? null) : null)
}

function compareServer(
  { server }: Issuer,
  others: readonly Issuer[],
  index: TrafficIndex,
  requests: readonly AcmeRequest[],
): Comparison {
  const name = 'spec.acme.server'
  const fetched = index.to(server)
  if (fetched.length > 0) return agrees(name, server, `is the URL that ${requestNames(fetched)} fetched`, fetched)
  const authority = authorityOf(server)
  const elsewhere = requests.find(
    ({ resource, url }) =>
      resource === 'directory' && authorityOf(url) === authority && others.every((other) => other.server !== url),
  )
  if (elsewhere !== undefined)
    return differs(
      name,
      server,
      elsewhere.url,
      `is ${quoted(server)}, and the directory that was fetched there is ${quoted(elsewhere.url)} (${requestNames([elsewhere])}); they differ in ${urlDifferences(server, elsewhere.url).join(', ')}`,
      [elsewhere],
    )
  return notCaptured(
    name,
    server,
    requests.length > 0
      ? `was not fetched in this capture, in which ${requestNames(requests)} went to the same CA`
      : 'is of a CA to which this capture has no request',
  )
}

function missingUri({ ready }: Issuer, registrations: readonly AcmeRequest[], alone: boolean): Comparison {
  const name = 'status.acme.uri'
  const means = ready
    ? 'is missing although Ready is True, so the account URL was never stored'
    : 'is missing: as far as this object knows, registration never completed'
  const last = registrations.at(-1)
  if (last === undefined) return notCaptured(name, null, `${means}. The capture shows no newAccount request of it`)
  const given = registrations.findLast(({ location }) => location !== null && location !== '')
  if (given !== undefined)
    return differs(
      name,
      null,
      given.location,
      `${means}. Yet ${requestNames([given])} (newAccount) was ${answerOf(given)} with Location ${quoted(given.location ?? '')}: the CA has the account, and its URL did not reach this object`,
      [given],
    )
  const how =
    last.response !== null && last.response.status < 300
      ? `${answerOf(last)} without a Location, so there was no URL to store`
      : `${answerOf(last)}${last.response === null ? '' : alone ? ', which is why' : ', which may be why; other issuers use this CA too'}`
  return { ...agrees(name, null, `${means}. ${capital(requestNames([last]))} (newAccount) was ${how}`, [last]), capture: null }
}

function uriAgainstLocation(uri: string, requests: readonly AcmeRequest[], registrations: readonly AcmeRequest[]): Comparison {
  const name = 'status.acme.uri'
  const given = requests.filter(({ resource, location }) => resource === 'newAccount' && location === uri)
  if (given.length > 0) return agrees(name, uri, `is the Location that ${requestNames(given)} (newAccount) was given`, given)
  const other = registrations.findLast(({ location }) => location !== null && location !== '')
  if (other === undefined) return notCaptured(name, uri, 'was given before this capture begins, or to another client')
  const location = other.location ?? ''
  return differs(
    name,
    uri,
    location,
    `is ${quoted(uri)}, and the Location given in this capture is ${quoted(location)} (${requestNames([other])}); they differ in ${urlDifferences(uri, location).join(', ')}`,
    [other],
  )
}

function uriAgainstKid(uri: string, requests: readonly AcmeRequest[], mine: readonly AcmeRequest[]): Comparison {
  const name = 'status.acme.uri'
  const signed = mine.filter(({ resource, jws }) => NEED_KID.has(resource) && jws?.header != null)
  const without = signed.filter(({ kid }) => kid === null)
  const first = without[0]
  if (first !== undefined)
    return differs(
      name,
      uri,
      null,
      `is stored, yet ${requestNames(without)} carried ${first.jwk === null ? 'neither kid nor jwk' : 'jwk instead of kid'}`,
      without,
    )
  const foreign = signed.filter(({ kid }) => kid !== uri)
  const sample = foreign[0]
  if (sample !== undefined)
    return differs(
      name,
      uri,
      sample.kid,
      `is ${quoted(uri)}, and the kid of ${requestNames(foreign)} is ${quoted(sample.kid ?? '')}; they differ in ${urlDifferences(uri, sample.kid ?? '').join(', ')}`,
      foreign,
    )
  const named = requests.filter(({ kid }) => kid === uri)
  if (named.length > 0) return agrees(name, uri, `is the kid that ${requestNames(named)} carried`, named)
  return notCaptured(name, uri, 'is the kid of no request in this capture')
}

/** Registrations proper: a look-up carries neither contact nor binding. */
function creations(registrations: readonly AcmeRequest[]): AcmeRequest[] {
  return registrations.filter(({ payload }) => isObject(payload) && payload.onlyReturnExisting !== true)
}

function compareEmail({ email, registeredEmail }: Issuer, registrations: readonly AcmeRequest[]): Comparison[] {
  const found: Comparison[] = []
  const sent = creations(registrations).at(-1)
  if (email !== null && sent !== undefined) {
    const contacts = textsAt(sent.payload, 'contact')
    const same = contacts.some((contact) => contact.toLowerCase() === `mailto:${email.toLowerCase()}`)
    const capture = contacts.join(', ')
    found.push(
      same
        ? agrees('spec.acme.email', email, `is the contact in ${requestNames([sent])}`, [sent])
        : differs(
            'spec.acme.email',
            email,
            capture === '' ? null : capture,
            `is ${quoted(email)}, and ${requestNames([sent])} registered ${capture === '' ? 'no contact' : quoted(capture)}`,
            [sent],
          ),
    )
  }
  const told = registrations.findLast(({ answer }) => textsAt(answer, 'contact').length > 0)
  if (registeredEmail !== null && told !== undefined) {
    const contacts = textsAt(told.answer, 'contact')
    const same = contacts.some((contact) => contact.toLowerCase() === `mailto:${registeredEmail.toLowerCase()}`)
    found.push(
      same
        ? agrees('status.acme.lastRegisteredEmail', registeredEmail, `is what the CA answered to ${requestNames([told])}`, [told])
        : differs(
            'status.acme.lastRegisteredEmail',
            registeredEmail,
            contacts.join(', '),
            `is ${quoted(registeredEmail)}, and the CA answered ${quoted(contacts.join(', '))} to ${requestNames([told])}`,
            [told],
          ),
    )
  }
  return found
}

function compareBinding({ eabKeyId }: Issuer, registrations: readonly AcmeRequest[]): Comparison[] {
  const name = 'spec.acme.externalAccountBinding.keyID'
  const sent = creations(registrations).at(-1)
  if (sent === undefined) return eabKeyId === null ? [] : [notCaptured(name, eabKeyId, 'was not sent in this capture')]
  const bound = objectAt(sent.payload, 'externalAccountBinding') !== null
  const kid = sent.inner?.kind === 'binding' ? sent.inner.kid : null
  if (eabKeyId === null && !bound) return []
  if (eabKeyId !== null && kid === eabKeyId)
    return [agrees(name, eabKeyId, `is the kid of the binding in ${requestNames([sent])}`, [sent])]
  const message =
    eabKeyId === null
      ? `is not set, yet ${requestNames([sent])} registered with a binding${kid === null ? '' : ` to ${quoted(kid)}`}`
      : bound
        ? `is ${quoted(eabKeyId)}, and the binding in ${requestNames([sent])} names ${kid === null ? 'no key' : quoted(kid)}`
        : `is ${quoted(eabKeyId)}, yet ${requestNames([sent])} registered without a binding`
  return [differs(name, eabKeyId, kid, message, [sent])]
}

/** The private key never is on the wire, but its hash tells which issuers share one. */
function compareKeyHash({ keyHash, server, uri }: Issuer, others: readonly Issuer[]): Comparison[] {
  if (keyHash === null) return []
  const name = 'status.acme.lastPrivateKeyHash'
  const torn = others.find((other) => other.keyHash === keyHash && other.server === server && other.uri !== uri)
  if (torn !== undefined)
    return [
      differs(
        name,
        keyHash,
        null,
        `is that of ${torn.object.kind} ${torn.object.name} too, so both use one key at one CA, yet they store different account URLs`,
        [],
      ),
    ]
  return [notCaptured(name, keyHash, 'is of the private key, which is never sent')]
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
