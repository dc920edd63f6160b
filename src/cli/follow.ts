import type { SeenRequest } from '../acme/preview.ts'
import { isoMicros } from '../core/time.ts'
import { passes, type RequestFilter } from '../report/filter.ts'
import { openPen, type Pen, type RenderOptions } from '../report/page.ts'
import { problemName } from '../report/phrases.ts'
import { padEnd } from '../report/width.ts'
import { isSystemError } from './errors.ts'
import type { Io } from './io.ts'

/** Formats in which a request can be told before the report. */
export const FOLLOWED_FORMATS: readonly string[] = ['text', 'ndjson']

/** Columns of the longest methods and resources of ACME. */
const METHOD = 4
const RESOURCE = 13

/** Writes a line for each request that the filter lets through, as soon as it is complete; nothing in it is judged yet. */
export function openFollower(
  io: Io,
  format: string,
  options: RenderOptions,
  filter: RequestFilter,
): { onRequest(seen: SeenRequest): void; end(): void } {
  const { stdout } = io
  // a reader that goes away wants no report either, and a file that grows would keep the program waiting for ever
  stdout.on('error', (error: Error) => io.exit(isSystemError(error) && error.code === 'EPIPE' ? 0 : 2))
  const pen = openPen(options)
  const isText = format === 'text'
  if (isText && !options.quiet)
    stdout.write(`${pen.styles.quiet('Each request as it completes, not judged yet; Ctrl-C ends this and gives the report.')}\n`)
  return {
    onRequest(seen) {
      const { request, response, connection } = seen.exchange
      const time = isoMicros(seen.time)
      const ends = [connection?.client ?? null, connection?.server ?? null]
      const isFailing = response !== null && response.status >= 400
      if (request === null || !passes({ ...seen, time, ends, isFailing }, filter)) return
      stdout.write(isText ? `${lineOf(pen, seen, time)}\n` : `${JSON.stringify(objectOf(seen, time))}\n`)
    },
    end() {
      if (isText) stdout.write('\n')
    },
  }
}

function lineOf(pen: Pen, seen: SeenRequest, time: string | null): string {
  const { exchange, method, resource, header, problem } = seen
  const status = exchange.response?.status
  const answer = [
    status === undefined ? 'no answer' : String(status),
    problem?.type == null ? null : problemName(problem.type),
    problem?.detail == null || problem.detail === '' ? null : `"${problem.detail}"`,
  ]
  const told = pen.safe(answer.filter((part) => part !== null).join(' '), 200)
  const style = status === undefined || status >= 400 ? pen.styles.warn : pen.styles.good
  const signed = header === null ? '' : ` (${pen.safe(identifiersOf(header).join(' and ') || 'neither kid nor jwk')})`
  const facts = [
    time?.slice(11, 23) ?? '',
    padEnd(pen.safe(method, 20), METHOD),
    padEnd(resource, RESOURCE),
    `${style(told)}${signed}`,
    pen.styles.quiet(pen.safe(seen.url, 300)),
  ]
  return facts.join('  ')
}

function identifiersOf(header: Readonly<Record<string, unknown>>): string[] {
  return ['kid', 'jwk'].filter((name) => Object.hasOwn(header, name))
}

function objectOf({ exchange, method, url, resource, header, problem }: SeenRequest, time: string | null): object {
  const { response, request, entry, input, connection, streamId } = exchange
  return {
    type: 'request-seen',
    judged: false,
    input,
    connection: entry === null ? (connection?.id ?? null) : null,
    streamId,
    frames: entry === null ? [...new Set([...(request?.frames ?? []), ...(response?.frames ?? [])])].sort((a, b) => a - b) : null,
    entry,
    time,
    method,
    url,
    resource,
    identifiedBy: header === null ? null : identifiersOf(header),
    status: response?.status ?? null,
    problem: problem === null ? null : { type: problem.type, detail: problem.detail },
  }
}
