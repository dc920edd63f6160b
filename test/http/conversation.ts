import type { Damage } from '../../src/core/damage.ts'
import type { Body, BodyPolicy, HttpExchange, HttpMessage } from '../../src/http/exchange.ts'
import type { TunnelOpener } from '../../src/http/http1/http1.ts'
import { openHttp1 } from '../../src/http/http1/http1.ts'
import type { Connection, Mark } from '../../src/tcp/connection.ts'

/** What one side does: octets (a string is latin1), a gap of known or unknown length, or its end. */
export type Step =
  | readonly ['client' | 'server', string | Uint8Array]
  | readonly ['client gap' | 'server gap', number | null]
  | readonly ['client ends' | 'server ends', 'fin' | 'rst' | 'capture']

export const octets = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

export const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

export const KEEP_ALL: BodyPolicy = { request: () => 1 << 20, response: () => 1 << 20 }

export interface Options {
  readonly policy?: BodyPolicy
  readonly onTunnel?: TunnelOpener
  readonly scheme?: 'http' | 'https'
  /** Where to cut: the length of the next piece. */
  readonly piece?: () => number
  /** All pieces of a step lie in one frame. */
  readonly oneFrame?: boolean
}

export interface Outcome {
  readonly exchanges: HttpExchange[]
  readonly connection: Connection
}

export const newConnection = (): Connection => ({
  id: 7, input: 0, client: '192.0.2.1:4000', server: '192.0.2.2:80', startTime: 0, tls: null, http: null, requests: 0, damage: [],
}) // biome-ignore format: one row of defaults

/** Plays steps to a conversation; every piece is a frame of its own, a millisecond after the one before. */
export function play(steps: readonly Step[], options: Options = {}): Outcome {
  const exchanges: HttpExchange[] = []
  const connection = newConnection()
  const { policy = KEEP_ALL, scheme = 'http', onTunnel, piece = () => Number.POSITIVE_INFINITY, oneFrame = false } = options
  const pair = openHttp1({
    connection,
    scheme,
    policy,
    sink: { write: (exchange) => void exchanges.push(exchange), end: () => {} },
    ...(onTunnel === undefined ? {} : { onTunnel }),
  })
  let frame = 0
  const mark = (): Mark => ({ input: 0, frames: [++frame], time: frame * 1000 })
  const ended = new Set<string>()
  for (const [what, value] of steps) {
    const side = what.startsWith('client') ? 'client' : 'server'
    const stream = side === 'client' ? pair.fromClient : pair.fromServer
    if (what.endsWith('ends')) {
      ended.add(side)
      stream.end(value as 'fin' | 'rst' | 'capture', frame * 1000)
    } else if (value === null || typeof value === 'number') stream.gap(value, mark())
    else {
      const bytes = typeof value === 'string' ? octets(value) : (value as Uint8Array)
      const whole = oneFrame ? mark() : null
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + piece())
        // Octets around the range must not be looked at, and the memory is reused after the call.
        const lent = new Uint8Array(end - at + 2).fill(10)
        lent.set(bytes.subarray(at, end), 1)
        stream.data(lent, 1, lent.length - 1, whole ?? mark())
        lent.fill(33)
        at = end
      }
    }
  }
  for (const side of ['client', 'server'] as const)
    if (!ended.has(side)) (side === 'client' ? pair.fromClient : pair.fromServer).end('fin', frame * 1000)
  return { exchanges, connection }
}

/** `"text"` when complete, with "..." when it is a prefix, "missing" when there is none to look at. */
export function showBody(body: Body): string {
  return body.bytes === null ? 'missing' : `${JSON.stringify(text(body.bytes))}${body.complete ? '' : '...'}`
}

/** `GET http://a/ "" -> 200 "body"`, with a dash for what is not there. */
export function show({ request, response }: HttpExchange): string {
  const asked = request === null ? '-' : `${request.method} ${request.url} ${showBody(request.body)}`
  const interim = response === null ? '' : response.interim.map((status) => `${status} `).join('')
  return `${asked} -> ${response === null ? '-' : `${interim}${response.status} ${showBody(response.body)}`}`
}

const details = (damage: readonly Damage[]): string[] => damage.map(({ detail }) => detail)

const messageDamage = (message: HttpMessage | null): string[] =>
  message === null ? [] : [...details(message.damage), ...details(message.body.damage)]

/** All damage of an outcome, without repetitions. */
export function showDamage({ exchanges, connection }: Outcome): string[] {
  const all = exchanges.flatMap(({ request, response }) => [...messageDamage(request), ...messageDamage(response)])
  return [...new Set([...all, ...details(connection.damage)])]
}

/** A small generator of numbers below 1: random, and the same in every run. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Lengths of random short pieces. */
export function cutsOf(seed: number): () => number {
  const next = numbers(seed)
  return () => 1 + Math.floor(next() * 24)
}
