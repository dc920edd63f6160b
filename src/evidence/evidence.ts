import type { AcmeTraffic } from '../acme/traffic.ts'
import { correlate, type KubernetesEvidence } from './kubernetes/correlate.ts'
import { type Cluster, readCluster } from './kubernetes/objects.ts'
import { correlateLogs, type LogEvidence } from './log/correlate.ts'
import { type LogFile, readLog } from './log/read.ts'
import { TrafficIndex } from './traffic-index.ts'

/** Files of the client's side that the operator gives. */
export interface EvidenceFiles {
  /** Output of `kubectl get ... -o yaml` or `-o json`. */
  readonly kubernetes: readonly string[]
  /** Logs of cert-manager's controller. */
  readonly logs: readonly string[]
}

/** What these files hold; null for a kind of which none was given. */
export interface EvidenceSources {
  readonly cluster: Cluster | null
  readonly logs: readonly LogFile[] | null
}

/** Held against the traffic. */
export interface Evidence {
  readonly kubernetes: KubernetesEvidence | null
  readonly log: LogEvidence | null
}

/** @throws CaptureError for a file that is not what its option takes */
export async function readEvidence({ kubernetes, logs }: EvidenceFiles): Promise<EvidenceSources> {
  return {
    cluster: kubernetes.length === 0 ? null : await readCluster(kubernetes),
    logs: logs.length === 0 ? null : logs.map(readLog),
  }
}

export async function correlateEvidence({ cluster, logs }: EvidenceSources, traffic: AcmeTraffic): Promise<Evidence> {
  const index = new TrafficIndex(traffic)
  return {
    kubernetes: cluster === null ? null : await correlate(cluster, index),
    log: logs === null ? null : correlateLogs(logs, index),
  }
}
