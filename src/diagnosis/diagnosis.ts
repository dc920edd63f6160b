import type { AcmeRequest } from '../acme/traffic.ts'
import type { Catalogued, Party } from '../rules/rule.ts'

export type Confidence = 'certain' | 'likely' | 'possible'

/** A diagnosis of the catalogue; never a finding of a single request. */
export interface DiagnosisKind extends Catalogued {
  readonly group: 'session'
}

/** Why requests failed and who has to act, over one or more of them. */
export interface Diagnosis {
  readonly kind: DiagnosisKind
  /** Party of the root cause. */
  readonly party: Party
  /** Client and server each broke a MUST in this failure. */
  readonly bothAtFault: boolean
  readonly confidence: Confidence
  readonly title: string
  readonly explanation: string
  readonly remedy: string
  /** The requests it explains, then those that are evidence. */
  readonly explains: readonly AcmeRequest[]
  readonly evidence: readonly AcmeRequest[]
  /** Context only: nothing failed through it for good. It stands last and never decides the verdict. */
  readonly aside?: boolean
}
