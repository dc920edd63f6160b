import { REPORT_SCHEMA } from '../report/schema.ts'
import type { Invocation } from './commands.ts'
import { configSchema } from './config-schema.ts'
import { UsageError } from './errors.ts'
import type { Io } from './io.ts'
import { writeStream } from './stream.ts'

export const SCHEMAS = ['report', 'config'] as const

/** `acmescope schema [report | config]` */
export async function schemaCommand(io: Io, { words }: Invocation): Promise<number> {
  const [kind = 'report', more] = words
  if (more !== undefined || !SCHEMAS.some((known) => known === kind))
    throw new UsageError(`schema: unexpected argument ${more ?? kind}; there are ${SCHEMAS.join(' and ')}`)
  const schema = kind === 'report' ? REPORT_SCHEMA : configSchema(await io.loadCatalogue())
  await writeStream(io.stdout, [`${JSON.stringify(schema, null, 2)}\n`])
  return 0
}
