import { REPORT_SCHEMA } from '../report/schema.ts'
import type { Invocation } from './commands.ts'
import { UsageError } from './errors.ts'
import type { Io } from './io.ts'
import { writeStream } from './stream.ts'

/** `acmescope schema` */
export async function schemaCommand(io: Io, { words }: Invocation): Promise<number> {
  if (words[0] !== undefined) throw new UsageError(`schema: unexpected argument ${words[0]}`)
  await writeStream(io.stdout, [`${JSON.stringify(REPORT_SCHEMA, null, 2)}\n`])
  return 0
}
