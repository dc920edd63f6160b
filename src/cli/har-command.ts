import type { Invocation } from './commands.ts'
import { complain } from './complain.ts'
import { UsageError } from './errors.ts'
import { createFile, protectInputs } from './files.ts'
import { readSources } from './inputs.ts'
import type { Io } from './io.ts'
import { checkUse, readRedaction } from './redaction.ts'
import { readOptions } from './settings.ts'
import { workOn } from './work.ts'

/** `acmescope har`: 0 written, 3 when there was no HTTP exchange to write. */
export async function harCommand(io: Io, invocation: Invocation): Promise<number> {
  const options = readOptions(invocation)
  const redaction = readRedaction(options)
  const hides = redaction.chosen ?? true
  checkUse(redaction, hides)
  const output = options.value('output')
  if (output === null) throw new UsageError('har: name the file to write with -o out.har')
  const sources = readSources(io, invocation.words, options)
  protectInputs([output], [...sources.files, ...redaction.files])

  const file = createFile(output, hides)
  try {
    const { exchanges, check } = await workOn(io, sources, options.isOn('quiet'), (analysis, how) =>
      analysis.exportHar(
        sources.inputs,
        { ...how, acmeOnly: options.isOn('acme-only'), redaction: hides ? redaction.options : null },
        (chunk) => file.write(chunk),
      ),
    )
    if (exchanges > 0) {
      if (hides) check(file.written())
      file.commit()
      return 0
    }
  } finally {
    file.discard()
  }
  complain(
    io,
    `no ${options.isOn('acme-only') ? 'ACME' : 'HTTP'} exchange was found, and ${output} was not written`,
    'Is it TLS without its secrets? Then pass them with --keylog.',
  )
  return 3
}
