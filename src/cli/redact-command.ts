import { unfaithfulness } from '../export/faithful.ts'
import type { Invocation } from './commands.ts'
import { complain } from './complain.ts'
import { UsageError } from './errors.ts'
import { createFile, protectInputs } from './files.ts'
import { readSources } from './inputs.ts'
import type { Io } from './io.ts'
import { readRedaction } from './redaction.ts'
import { readOptions } from './settings.ts'
import { workOn } from './work.ts'

/** `acmescope redact`: 0 written, 3 when there was no HTTP exchange, or the redacted capture did not show the same any more. */
export async function redactCommand(io: Io, invocation: Invocation): Promise<number> {
  const options = readOptions(invocation)
  const redaction = readRedaction(options)
  const output = options.value('output')
  if (output === null) throw new UsageError('redact: name the file to write with -o safe.har')
  const sources = readSources(io, invocation.words, options)
  protectInputs([output], [...sources.files, ...redaction.files])

  const quiet = options.isOn('quiet')
  const file = createFile(output, true)
  try {
    const { exchanges, report, check } = await workOn(io, sources, quiet, (analysis, how) =>
      analysis.exportHar(sources.inputs, { ...how, acmeOnly: false, redaction: redaction.options }, (chunk) => file.write(chunk)),
    )
    if (exchanges === 0) {
      complain(
        io,
        `no HTTP exchange was found, and ${output} was not written`,
        'Is it TLS without its secrets? Then pass them with --keylog.',
      )
      return 3
    }
    check(file.written())
    const analysis = await io.loadAnalysis()
    const again = await analysis.analyze([octetsOf(file.written())], { ...sources.options, keyLogs: [] })
    const fault = unfaithfulness(report, again)
    if (fault === null) {
      file.commit()
      return 0
    }
    complain(io, `${output} was not written: analysed again, ${fault}`)
    return 3
  } finally {
    file.discard()
  }
}

async function* octetsOf(pieces: Iterable<string>): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder()
  for (const piece of pieces) yield encoder.encode(piece)
}
