import type { Session } from './session.ts'

/** Builds a session; the last exchange is the one that the rule is asked about, unless a number of the request (from 1) is returned. */
export type Scene = (session: Session) => number | undefined

/** Named scenes for one rule, by what it has to say. `broken` may name the severity and party that are expected. */
export interface RuleCases {
  readonly holds?: Readonly<Record<string, Scene>>
  readonly broken: Readonly<
    Record<string, Scene | { readonly scene: Scene; readonly severity?: string; readonly party?: string; readonly says?: RegExp }>
  >
  /** By U-code: "U-GAP: the body was lost". */
  readonly unknown?: Readonly<Record<string, Scene>>
  /** The rule does not speak of the request. */
  readonly silent?: Readonly<Record<string, Scene>>
}

export type CaseTable = Readonly<Record<string, RuleCases>>
