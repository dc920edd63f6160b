import { CaptureError } from '../../capture/reader.ts'
import { type Micros, rfc3339Micros } from '../../core/time.ts'
import { isObject } from '../../jose/json-object.ts'
import { nameOf } from '../../platform/files.ts'
import { listAt, objectAt, textAt } from '../fields.ts'
import { readDocuments } from './manifest.ts'

export type Kind = 'ClusterIssuer' | 'Issuer' | 'Certificate' | 'CertificateRequest' | 'Order' | 'Challenge'

/** One cert-manager object: its name, and its document to look things up in. */
export interface KubernetesObject {
  /** Index into the files read. */
  readonly file: number
  readonly kind: Kind
  readonly namespace: string | null
  readonly name: string
  readonly document: unknown
  readonly created: Micros | null
}

/** What a controller noted about an object (core/v1 and events.k8s.io/v1). */
export interface KubernetesEvent {
  readonly kind: Kind
  readonly namespace: string | null
  readonly name: string
  readonly reason: string | null
  readonly message: string
  /** When it was noted last. */
  readonly time: Micros | null
}

export interface Cluster {
  readonly files: readonly { readonly name: string; readonly objects: number; readonly events: number }[]
  readonly objects: readonly KubernetesObject[]
  readonly events: readonly KubernetesEvent[]
  /** Objects that say nothing about ACME, by kind. They are counted and not looked into: Secrets are among them. */
  readonly ignored: ReadonlyMap<string, number>
  /** Objects and events beyond the number that is kept. */
  readonly dropped: number
}

/** Objects and events kept in all; a fleet's captures are split by CA and so are its objects. */
const MAX_KEPT = 20_000
/** Different kinds counted one by one. */
const MAX_KINDS = 50

const GROUP = /^(?:(?:acme\.)?cert-manager\.io|certmanager\.k8s\.io)\//
const KINDS: readonly string[] = ['ClusterIssuer', 'Issuer', 'Certificate', 'CertificateRequest', 'Order', 'Challenge']
const EVENT_GROUP = /^(?:v1|events\.k8s\.io\/v1(?:beta1)?)$/

/**
 * Output of `kubectl get ... -o yaml` or `-o json`: lists, single objects, several documents.
 * @throws CaptureError for a file that cannot be read, or holds no object that cert-manager works with
 */
export async function readCluster(paths: readonly string[]): Promise<Cluster> {
  const reader = new ClusterReader()
  for (const path of paths) reader.read(path, await readDocuments(path))
  return reader.cluster()
}

class ClusterReader {
  readonly #files: { name: string; objects: number; events: number }[] = []
  readonly #objects: KubernetesObject[] = []
  readonly #events: KubernetesEvent[] = []
  readonly #ignored = new Map<string, number>()
  #dropped = 0

  read(path: string, documents: readonly unknown[]): void {
    const before = this.#count()
    const events = this.#events.length
    const ignored = new Map<string, number>()
    let lists = 0
    for (const document of documents)
      if (isObject(document) && Array.isArray(document.items)) {
        lists++
        for (const item of document.items) this.#add(item, textAt(document, 'apiVersion'), listKind(document), ignored)
      } else if (document != null) this.#add(document, null, null, ignored)
    const read = this.#count() - before
    // An empty list is knowledge too: there is no such object.
    if (read === 0 && (lists === 0 || ignored.size > 0)) throw new CaptureError(`${path}: ${whatItHolds(ignored)}`)
    for (const [kind, count] of ignored) this.#ignore(kind, count)
    this.#files.push({ name: nameOf(path), objects: read - (this.#events.length - events), events: this.#events.length - events })
  }

  cluster(): Cluster {
    return {
      files: this.#files,
      objects: this.#objects,
      events: this.#events,
      ignored: this.#ignored,
      dropped: this.#dropped,
    }
  }

  #count(): number {
    return this.#objects.length + this.#events.length + this.#dropped
  }

  /** Items of typed lists (OrderList) may leave out apiVersion and kind. */
  #add(item: unknown, listVersion: string | null, itemKind: string | null, ignored: Map<string, number>): void {
    const kind = textAt(item, 'kind') ?? itemKind
    const version = textAt(item, 'apiVersion') ?? listVersion
    const read = kind === null || version === null ? null : this.#readAs(kind, version, item)
    if (read === null) ignored.set(kind ?? NO_KIND, (ignored.get(kind ?? NO_KIND) ?? 0) + 1)
    else if (this.#objects.length + this.#events.length >= MAX_KEPT) this.#dropped++
    else if ('message' in read) this.#events.push(read)
    else this.#objects.push(read)
  }

  #readAs(kind: string, version: string, item: unknown): KubernetesObject | KubernetesEvent | null {
    if (kind === 'Event' && EVENT_GROUP.test(version)) return readEvent(item)
    const name = textAt(item, 'metadata', 'name')
    if (name === null || !GROUP.test(version) || !isKind(kind)) return null
    return {
      file: this.#files.length,
      kind,
      namespace: textAt(item, 'metadata', 'namespace'),
      name,
      document: item,
      created: rfc3339Micros(textAt(item, 'metadata', 'creationTimestamp')),
    }
  }

  #ignore(kind: string, count: number): void {
    const known = this.#ignored.has(kind) || this.#ignored.size < MAX_KINDS ? kind : OTHER_KINDS
    this.#ignored.set(known, (this.#ignored.get(known) ?? 0) + count)
  }
}

const NO_KIND = 'without a kind'
const OTHER_KINDS = 'of other kinds'

function isKind(kind: string): kind is Kind {
  return KINDS.includes(kind)
}

function listKind(list: unknown): string | null {
  return /^(\w+)List$/.exec(textAt(list, 'kind') ?? '')?.[1] ?? null
}

/** Null for events about other things: pods, services, nodes. */
function readEvent(item: unknown): KubernetesEvent | null {
  const about = objectAt(item, 'involvedObject') ?? objectAt(item, 'regarding')
  const kind = textAt(about, 'kind')
  const name = textAt(about, 'name')
  const message = textAt(item, 'message') ?? textAt(item, 'note')
  if (kind === null || name === null || message === null || !isKind(kind) || !GROUP.test(textAt(about, 'apiVersion') ?? ''))
    return null
  const times = [
    textAt(item, 'series', 'lastObservedTime'),
    textAt(item, 'lastTimestamp'),
    textAt(item, 'deprecatedLastTimestamp'),
    textAt(item, 'eventTime'),
    textAt(item, 'metadata', 'creationTimestamp'),
  ]
  const time = times.map(rfc3339Micros).find((micros) => micros !== null) ?? null
  return { kind, namespace: textAt(about, 'namespace'), name, reason: textAt(item, 'reason'), message, time }
}

function whatItHolds(ignored: ReadonlyMap<string, number>): string {
  const kinds = [...ignored].slice(0, 5).map(([kind, count]) => `${count} ${SAFE_KIND.test(kind) ? kind : 'of an odd kind'}`)
  if (kinds.length === 0 || [...ignored.keys()].every((kind) => kind === NO_KIND))
    return 'holds no Kubernetes object; --kubernetes takes what kubectl get -o yaml or -o json writes'
  return `holds no object of cert-manager, only ${kinds.join(', ')}${ignored.size > 5 ? ' and more' : ''}`
}

const SAFE_KIND = /^(?:[A-Za-z0-9]{1,63}|without a kind)$/

/** Objects that own another, by kind. */
export function ownerOf({ document }: KubernetesObject, kind: Kind): string | null {
  const owner = listAt(document, 'metadata', 'ownerReferences').find((reference) => textAt(reference, 'kind') === kind)
  return textAt(owner, 'name')
}

/** Where an object stands, in the words of its status; null when it does not say. */
export function stateOf({ document }: KubernetesObject): string | null {
  const ready = listAt(document, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready')
  const status = textAt(ready, 'status')
  return textAt(document, 'status', 'state') ?? (status === null ? null : `Ready=${status}`)
}
