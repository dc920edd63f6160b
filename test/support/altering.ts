import type { Header, HttpExchange, HttpRequest, HttpResponse } from '../../src/http/exchange.ts'
import { newConnection, Session } from './session.ts'

export const JOSE: Header = ['Content-Type', 'application/jose+json']

export interface Change {
  readonly exchange?: Partial<HttpExchange>
  readonly request?: Partial<HttpRequest>
  readonly response?: Partial<HttpResponse>
}

/** Changes what Session cannot bend in the last exchange. */
export function alter(s: Session, { exchange, request, response }: Change): void {
  const last = s.exchanges.pop()
  if (last === undefined || last.request === null) throw new Error('nothing to alter')
  s.exchanges.push({
    ...last,
    request: { ...last.request, ...request },
    response: last.response === null ? null : { ...last.response, ...response },
    ...exchange,
  })
}

/** The last exchange seen again on another connection, as an interface further on shows it. */
export function seenAgain(s: Session, id: number, change: Change = {}): void {
  const last = s.exchanges.at(-1)
  if (last === undefined) throw new Error('nothing to see again')
  s.exchanges.push({ ...last, connection: newConnection(id) })
  alter(s, change)
}

/** Another server's session in the same capture, beginning now. */
export function beside(s: Session, origin: string, run: (other: Session) => void): Session {
  const other = new Session(origin)
  other.now = s.now
  other.connection = newConnection(90)
  run(other)
  s.exchanges.push(...other.exchanges)
  s.now = other.now
  return other
}

/** Every exchange so far as entries of one HAR. */
export function asHar(s: Session): void {
  s.exchanges.forEach((exchange, entry) => {
    s.exchanges[entry] = { ...exchange, entry, connection: null, har: {} }
  })
}
