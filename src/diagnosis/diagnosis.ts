import type { AcmeRequest } from '../acme/traffic.ts'
import type { Catalogued, Party } from '../rules/rule.ts'

export type Confidence = 'certain' | 'likely' | 'possible'

/** A diagnosis of the catalogue; never a finding of a single request. */
export interface DiagnosisKind extends Catalogued {
  readonly group: 'session'
}

/** Who reads a report and can act on it. */
export type Reader = 'client operator' | 'CA operator' | 'proxy operator' | 'whoever captures'

export interface Remedy {
  readonly to: Reader
  readonly text: string
}

export const forClient = (text: string): Remedy => ({ to: 'client operator', text })
export const forCa = (text: string): Remedy => ({ to: 'CA operator', text })
export const forProxy = (text: string): Remedy => ({ to: 'proxy operator', text })
export const forCapturer = (text: string): Remedy => ({ to: 'whoever captures', text })

/** Why requests failed and who has to act, over one or more of them. */
export interface Diagnosis {
  readonly kind: DiagnosisKind
  /** Party of the root cause. */
  readonly party: Party
  /** Client and server each broke a MUST in this failure. */
  readonly bothAtFault: boolean
  readonly confidence: Confidence
  readonly title: string
  /** What happened, in order of events, in one sentence. */
  readonly story?: string | undefined
  readonly explanation: string
  /** What each reader can do; the one who can mend the cause first. */
  readonly remedies: readonly Remedy[]
  /** Public threads that tell of the same: "owner/repository number". */
  readonly upstream?: readonly string[]
  /** The requests it explains, then those that are evidence. */
  readonly explains: readonly AcmeRequest[]
  readonly evidence: readonly AcmeRequest[]
  /** Context only: nothing failed through it for good. It stands last and never decides the verdict. */
  readonly aside?: boolean
}
