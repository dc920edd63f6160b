import type { HttpExchange } from '../../src/http/exchange.ts'
import type { TlsFacts } from '../../src/tcp/connection.ts'
import type { CaseTable } from '../support/cases.ts'
import { Key, newConnection, type Session } from '../support/session.ts'

const key = new Key('a')
const GAP = { layer: 'tcp', kind: 'gap', detail: '1460 octets were not captured', count: 1, firstFrame: 7 } as const

/** A registered account and an order, the last exchange. */
function ordered(session: Session): HttpExchange {
  session.begin()
  session.register(key)
  session.order(key)
  return last(session)
}

function last(session: Session): HttpExchange {
  return session.exchanges.at(-1) as HttpExchange
}

/** The last exchange as if a HAR had held it. */
function fromHar(session: Session, more: Partial<HttpExchange> = {}): void {
  Object.assign(last(session), { entry: 3, ...more })
}

function withoutFields<T extends { headers: unknown }>(message: T | null): T | null {
  return message === null ? null : { ...message, headers: [] }
}

function closedTo(session: Session, serverName: string | null, facts: Partial<TlsFacts> = {}): void {
  const tls = {
    version: 'TLS 1.3',
    cipherSuite: null,
    serverName,
    alpn: null,
    decrypted: false,
    secrets: null,
    reason: 'no key log entry has its client random',
    ...facts,
  }
  session.connections.push({ ...newConnection(10 + session.connections.length), tls })
}

export const CASES: CaseTable = {
  'capture-starts-midsession': {
    holds: {
      'directory first': (session) => {
        session.directory()
      },
      'newNonce first: a client that keeps the directory': (session) => {
        session.newNonce()
      },
    },
    broken: {
      'an order first': {
        scene: (session) => {
          key.kid = `${session.origin}/acct/1`
          session.order(key)
        },
        severity: 'info',
        party: 'capture',
        says: /POST newOrder: the directory, the registration of its account and the answer that gave it its nonce came/,
      },
      'a first order after renewal information': (session) => {
        session.exchange('GET', `${session.origin}/renewalInfo/a.b`, null, { answer: { suggestedWindow: {} }, withNonce: false })
        key.kid = `${session.origin}/acct/1`
        session.order(key)
      },
    },
    silent: {
      'the second request': (session) => {
        key.kid = `${session.origin}/acct/1`
        session.order(key)
        session.order(key)
      },
    },
  },
  'capture-gaps': {
    holds: { 'nothing is missing': (session) => void ordered(session) },
    broken: {
      'bytes of the request': {
        scene: (session) => {
          ordered(session)
          session.order(key, ['www.example'], { bodyLost: true })
        },
        severity: 'warning',
        party: 'capture',
        says: /^Bytes of this request are/,
      },
      'bytes of the answer': {
        scene: (session) => {
          ordered(session)
          session.order(key, ['www.example'], { answerLost: true })
        },
        says: /^Bytes of the answer/,
      },
      'bytes of the head': (session) => {
        const exchange = ordered(session)
        Object.assign(exchange.request as object, { damage: [GAP] })
      },
    },
    silent: {
      'a HAR, which has a rule of its own': (session) => {
        ordered(session)
        session.order(key, ['www.example'], { bodyLost: true })
        fromHar(session)
      },
    },
  },
  'capture-duplicates': {
    broken: {
      'seen on two interfaces': {
        scene: (session) => {
          const exchange = ordered(session)
          session.exchanges.push({ ...exchange, connection: newConnection(7) })
        },
        severity: 'info',
        party: 'capture',
        says: /^One request was captured in more than one place/,
      },
      'said once, of the first, with the number': {
        scene: (session) => {
          const first = ordered(session)
          session.order(key)
          const second = last(session)
          session.exchanges.push({ ...first, connection: newConnection(7) }, { ...second, connection: newConnection(7) })
          return session.exchanges.indexOf(first) + 1
        },
        says: /^2 requests were/,
      },
    },
    silent: {
      'seen once': (session) => void ordered(session),
      'a second request that was seen twice': (session) => {
        const first = ordered(session)
        session.order(key)
        const second = last(session)
        session.exchanges.push({ ...first, connection: newConnection(7) }, { ...second, connection: newConnection(7) })
        return session.exchanges.indexOf(second) + 1
      },
    },
  },
  'capture-response-missing': {
    holds: { answered: (session) => void ordered(session) },
    broken: {
      'no answer': {
        scene: (session) => {
          ordered(session)
          session.order(key, ['www.example'], { unanswered: true })
        },
        severity: 'info',
        party: 'capture',
        says: /nonce counts as used/,
      },
      'no answer to a directory request': (session) => {
        session.begin()
        session.directory({ unanswered: true })
      },
    },
  },
  'capture-har-limits': {
    holds: {
      'a HAR with everything': (session) => {
        ordered(session)
        fromHar(session)
      },
    },
    broken: {
      'no body of the request': {
        scene: (session) => {
          ordered(session)
          session.order(key, ['www.example'], { bodyLost: true })
          fromHar(session)
        },
        severity: 'info',
        party: 'capture',
        says: /leaves out the body of the request/,
      },
      'no body of the answer': {
        scene: (session) => {
          ordered(session)
          session.order(key, ['www.example'], { answerLost: true })
          fromHar(session)
        },
        says: /leaves out the body of the answer/,
      },
      'no header fields': {
        scene: (session) => {
          const { request, response } = ordered(session)
          fromHar(session, { request: withoutFields(request), response: withoutFields(response) })
        },
        says: /header fields of the request, the header fields of the answer/,
      },
    },
    silent: {
      'a packet capture': (session) => void ordered(session),
      'said once, of the first': (session) => {
        ordered(session)
        for (const _ of [1, 2]) {
          session.order(key, ['www.example'], { answerLost: true })
          fromHar(session)
        }
      },
    },
  },
  'capture-tls-opaque': {
    broken: {
      'connections to the same server stayed closed': {
        scene: (session) => {
          closedTo(session, 'ca.example')
          closedTo(session, 'CA.example')
          session.begin()
          return 1
        },
        severity: 'warning',
        party: 'capture',
        says: /^2 TLS connections to "ca\.example" could not be decrypted: no key log entry/,
      },
    },
    silent: {
      'another server': (session) => {
        closedTo(session, 'www.example')
        closedTo(session, null)
        session.directory()
      },
      'a connection that was decrypted': (session) => {
        closedTo(session, 'ca.example', { decrypted: true, secrets: 'keylog', reason: null })
        session.directory()
      },
      'said once': (session) => {
        closedTo(session, 'ca.example')
        session.begin()
      },
    },
  },
  'capture-secrets': {
    broken: {
      'a private key in jwk': {
        scene: (session) => {
          session.begin()
          const own = new Key('b')
          session.register(own, { header: { jwk: { ...own.jwk, d: 'AAAA' } } })
        },
        severity: 'warning',
        party: 'capture',
        says: /secret key material in jwk/,
      },
      'a cookie': {
        scene: (session) => {
          session.begin()
          session.register(new Key('b'), {
            headers: [
              ['Content-Type', 'application/jose+json'],
              ['Cookie', 'session=1'],
            ],
          })
        },
        severity: 'info',
        says: /field Cookie/,
      },
    },
    silent: { 'nothing secret': (session) => void ordered(session) },
  },
}
