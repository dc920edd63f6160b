import type { Invocation } from './commands.ts'
import { complain } from './complain.ts'
import { UsageError } from './errors.ts'
import { createFile, isFolder, protectInputs } from './files.ts'
import { readSources } from './inputs.ts'
import type { Io } from './io.ts'
import { readOptions } from './settings.ts'
import { workOn } from './work.ts'

/** `acmescope extract`: 0 written, 3 when there is no such request, or no part of the capture shows the same. */
export async function extractCommand(io: Io, invocation: Invocation): Promise<number> {
  const options = readOptions(invocation)
  const output = options.value('output')
  if (output === null) throw new UsageError('extract: name the file to write with -o small.pcapng')
  const given = options.value('request')
  if (given === null) throw new UsageError('extract: name the request by its number in the report with --request 7')
  if (!/^[1-9]\d{0,8}$/.test(given)) throw new UsageError(`--request ${given}: must be the number of a request in the report`)
  const sources = readSources(io, invocation.words, options)
  const [capture = '', ...more] = sources.inputs
  if (more.length > 0 || capture === '-' || isFolder(capture))
    throw new UsageError('extract: takes one capture that is a file, because it is read several times')
  protectInputs([output], sources.files)

  const { extractRequest } = await io.loadExtraction()
  const made = await workOn(io, sources, options.isOn('quiet'), (_, how) => extractRequest(capture, Number(given), how))
  if (made.outcome === 'made') {
    const file = createFile(output)
    try {
      file.write(made.bytes)
      file.commit()
    } finally {
      file.discard()
    }
    return 0
  }
  if (made.outcome === 'no-request')
    complain(io, `there is no request ${given}: the report has ${made.requests}; ${output} was not written`)
  else
    complain(
      io,
      `no part of the capture gives the same checks and findings for request ${given}; ${output} was not written`,
      'Share the whole capture, or acmescope redact it.',
    )
  return 3
}
