import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { PkiReader } from '../../pki/reader.ts'
import { agrees, type Comparison, notCaptured, type ObjectFacts, requestNames, type Unclaimed } from '../facts.ts'
import { textAt } from '../fields.ts'
import { hasFailed, type TrafficIndex } from '../traffic-index.ts'
import { compareChallenge } from './challenges.ts'
import { RequestedCsrs } from './csrs.ts'
import { compareIssuer, type Issuer, issuerOf } from './issuers.ts'
import { type Cluster, type KubernetesEvent, type KubernetesObject, ownerOf } from './objects.ts'
import { compareOrder, finalizations, namesOf, ordersFor, orderUrlOf } from './orders.ts'
import { statementsOf } from './statements.ts'

/** What the objects of a cluster and the requests of a capture say about each other. */
export interface KubernetesEvidence {
  readonly cluster: Cluster
  readonly objects: readonly ObjectFacts[]
  readonly unclaimed: readonly Unclaimed[]
}

/** Objects that are held against the traffic; the time this takes grows with both. */
const MAX_COMPARED = 2000

export async function correlate(cluster: Cluster, index: TrafficIndex): Promise<KubernetesEvidence> {
  const { traffic } = index
  const issuers = cluster.objects.map(issuerOf).filter((issuer) => issuer !== null)
  const orderUrls = new Set(cluster.objects.flatMap((object) => orderUrlOf(object) ?? []))
  const csrs = new RequestedCsrs(await PkiReader.load(false), traffic.requests)
  const events = byObject(cluster.events)
  const compare = (object: KubernetesObject): Comparison[] => {
    switch (object.kind) {
      case 'ClusterIssuer':
      case 'Issuer': {
        const issuer = issuers.find((candidate) => candidate.object === object)
        return issuer === undefined ? [] : compareIssuer(issuer, issuers, index)
      }
      case 'Order':
        return compareOrder(object, orderUrls, index, csrs)
      case 'Challenge':
        return compareChallenge(object, index)
      case 'CertificateRequest':
        return compareRequest(object, cluster, index, csrs)
      case 'Certificate':
        return compareCertificate(object, index)
    }
  }
  const objects = cluster.objects.slice(0, MAX_COMPARED).map((object): ObjectFacts => {
    const comparisons = compare(object)
    const statements = statementsOf(object, events.get(keyOf(object)) ?? [], index)
    const requests = [...comparisons.flatMap((one) => one.requests), ...statements.flatMap(({ match }) => match?.requests ?? [])]
    return { object, comparisons, statements, requests: [...new Set(requests)].sort((a, b) => a.id - b.id) }
  })
  return { cluster, objects, unclaimed: unclaimed(issuers, objects, orderUrls, traffic) }
}

function byObject(events: readonly KubernetesEvent[]): ReadonlyMap<string, KubernetesEvent[]> {
  const found = new Map<string, KubernetesEvent[]>()
  for (const event of events) {
    const list = found.get(keyOf(event))
    if (list === undefined) found.set(keyOf(event), [event])
    else list.push(event)
  }
  return found
}

/** Events about objects of a whole cluster are in a namespace of their own choosing. */
function keyOf({ kind, namespace, name }: Pick<KubernetesObject, 'kind' | 'namespace' | 'name'>): string {
  return JSON.stringify([kind, kind === 'ClusterIssuer' ? null : namespace, name])
}

function compareRequest(object: KubernetesObject, cluster: Cluster, index: TrafficIndex, csrs: RequestedCsrs): Comparison[] {
  const own = cluster.objects.filter(
    (other) =>
      other.kind === 'Order' && other.namespace === object.namespace && ownerOf(other, 'CertificateRequest') === object.name,
  )
  const finalized = own.flatMap((other) => {
    const order = index.traffic.orders.get(orderUrlOf(other) ?? '')
    return order === undefined ? [] : finalizations(order, index)
  })
  const text = textAt(object.document, 'spec', 'request')
  const found = csrs.compare(text, finalized)
  return found.length > 0 || text === null
    ? found
    : [notCaptured('spec.request', csrs.namesOf(text) ?? '', 'holds a CSR that no finalize request in this capture sent')]
}

function compareCertificate(object: KubernetesObject, index: TrafficIndex): Comparison[] {
  const ordered = ordersFor(object, index)
  const names = [...namesOf(object)].sort().join(' ')
  return ordered.length > 0
    ? [agrees('spec.dnsNames', names, `are the names that ${requestNames(ordered)} ordered`, ordered)]
    : [notCaptured('spec.dnsNames', names, 'are the names of no newOrder in this capture')]
}

/** What the traffic shows and no object speaks of, as far as the files hold objects of that kind at all. */
function unclaimed(
  issuers: readonly Issuer[],
  objects: readonly ObjectFacts[],
  orderUrls: ReadonlySet<string>,
  traffic: AcmeTraffic,
): Unclaimed[] {
  const found: Unclaimed[] = []
  const spokenOf = new Set(objects.filter(({ object }) => object.kind === 'Order').flatMap(({ requests }) => requests))
  const has = (kind: string) => objects.some(({ object }) => object.kind === kind)
  if (issuers.length > 0) {
    const servers = new Set(issuers.map(({ server }) => server))
    const uris = new Set(issuers.flatMap(({ uri }) => uri ?? []))
    for (const { directoryUrl } of traffic.cas)
      if (directoryUrl !== null && !servers.has(directoryUrl))
        found.push({ what: 'directory', url: directoryUrl, requests: traffic.requests.filter(({ url }) => url === directoryUrl) })
    for (const { url, requests, registeredBy } of traffic.accounts.values())
      if (!uris.has(url) && !issuers.some(({ uri, server }) => uri === null && registeredBy?.ca?.directoryUrl === server))
        found.push({ what: 'account', url, requests })
  }
  if (has('Order')) {
    for (const { url, requests } of traffic.orders.values())
      if (!orderUrls.has(url) && !requests.some((request) => spokenOf.has(request))) found.push({ what: 'order', url, requests })
    const refused = traffic.requests.filter(
      (request) => request.resource === 'newOrder' && hasFailed(request) && !spokenOf.has(request),
    )
    if (refused.length > 0) found.push({ what: 'refused newOrder', url: null, requests: refused })
  }
  if (has('Challenge')) {
    const urls = new Set(
      objects.map(({ object }) => (object.kind === 'Challenge' ? textAt(object.document, 'spec', 'url') : null)),
    )
    const posted = new Map<string, AcmeRequest[]>()
    for (const request of traffic.requests)
      if (request.resource === 'challenge' && !urls.has(request.url))
        posted.set(request.url, [...(posted.get(request.url) ?? []), request])
    for (const [url, requests] of posted) found.push({ what: 'challenge', url, requests })
  }
  return found
}
