import { NO_SURROUNDINGS, type Surroundings } from '../../src/diagnosis/case.ts'
import { diagnose, type Outcome } from '../../src/diagnosis/diagnose.ts'
import { judge } from '../../src/rules/judge.ts'
import { Session } from './session.ts'

/** Builds a session; may return what the capture shows beside it. */
export type Scene = (session: Session) => Partial<Surroundings> | undefined

export interface Expected {
  readonly scene: Scene
  /** Id of the first diagnosis without "diag-"; null: none. */
  readonly first: string | null
  readonly party?: string
  readonly verdict: string
  /** Ids that must be among the diagnoses, and that must not. */
  readonly also?: readonly string[]
  readonly never?: readonly string[]
  readonly says?: RegExp
  /** Public threads that the first diagnosis must name. */
  readonly upstream?: readonly string[]
}

export async function diagnosed(scene: Scene, session: Session = new Session()): Promise<Outcome> {
  const surroundings = scene(session) ?? {}
  const traffic = await session.settle()
  return diagnose(traffic, judge(traffic), { ...NO_SURROUNDINGS, ...surroundings })
}
