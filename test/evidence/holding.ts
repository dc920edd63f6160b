import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { correlateEvidence, type Evidence, readEvidence } from '../../src/evidence/evidence.ts'
import type { Comparison } from '../../src/evidence/facts.ts'
import type { Session } from '../support/session.ts'

const folder = mkdtempSync(join(tmpdir(), 'acmescope-evidence-'))
let files = 0

/** A file with this content; its path. */
export function file(content: string | Uint8Array, ending = 'yaml'): string {
  const path = join(folder, `${++files}.${ending}`)
  writeFileSync(path, content)
  return path
}

/** As if another program had sent the requests. */
function sentBy(session: Session, userAgent: string): Session {
  for (const { request } of session.exchanges)
    for (const header of (request?.headers ?? []) as [string, string][]) if (header[0] === 'User-Agent') header[1] = userAgent
  return session
}

/** cert-manager's, as the controllers of issuers and orders send it. */
const USER_AGENT = 'cert-manager-clusterissuers/v1.14.4 (linux/amd64) cert-manager/3f1d5a7c9b2e'

/** Files that the operator gives, held against the traffic of a session. */
export async function held(
  session: Session,
  objects: readonly unknown[] | null,
  log: string | Uint8Array | null = null,
  userAgent: string = USER_AGENT,
): Promise<Evidence> {
  const sources = await readEvidence({
    kubernetes: objects === null ? [] : [file(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'json')],
    logs: log === null ? [] : [file(log, 'log')],
  })
  return correlateEvidence(sources, await sentBy(session, userAgent).settle())
}

/** "outcome field: message" with the ids of the requests, of the first object. */
export function comparisons({ kubernetes }: Evidence, object = 0): string[] {
  return (kubernetes?.objects[object]?.comparisons ?? []).map(told)
}

function told({ field, outcome, message, requests }: Comparison): string {
  return `${outcome} ${field} ${message} [${requests.map(({ id }) => id).join(' ')}]`
}

const CERT_MANAGER = 'cert-manager.io/v1'
const ACME = 'acme.cert-manager.io/v1'

export function object(kind: string, name: string, spec: object, status: object = {}, metadata: object = {}): unknown {
  const namespace = kind === 'ClusterIssuer' ? {} : { namespace: 'shop' }
  return {
    apiVersion: kind === 'Order' || kind === 'Challenge' ? ACME : CERT_MANAGER,
    kind,
    metadata: { name, ...namespace, ...metadata },
    spec,
    status,
  }
}

export function issuer(session: Session, acme: object, status: object = {}, name = 'corp-ca'): unknown {
  return object('ClusterIssuer', name, { acme: { server: session.directoryUrl, ...acme } }, status)
}

/** Seconds after the session began, as Kubernetes writes times. */
export function stamp(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString().replace('.000Z', 'Z')
}
