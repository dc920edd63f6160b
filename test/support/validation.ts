import { createHash } from 'node:crypto'
import dns from 'dns-packet'
import type { Handshake } from '../../src/tls/context.ts'
import { ACCOUNT, newAccount } from './issuance.ts'
import { type Bend, type Key, newConnection, type Session } from './session.ts'

export const TOKEN = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ'

/** RFC 8555 8.1, RFC 7638. */
export function keyAuthorization(key: Key = ACCOUNT, token = TOKEN): string {
  const { crv, kty, x, y } = key.jwk
  return `${token}.${createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')}`
}

/** RFC 8555 8.4. */
export function recordValue(key: Key = ACCOUNT): string {
  return createHash('sha256').update(keyAuthorization(key)).digest('base64url')
}

export interface Offer {
  readonly account: Key
  readonly authorization: string
  readonly challenge: string
  readonly shown: Readonly<Record<string, unknown>>
}

interface Terms {
  readonly type?: string
  readonly identifier?: { readonly type: string; readonly value: string }
  /** The authorization was read before the capture began. */
  readonly unseen?: boolean
  /** The account was registered before the capture began. */
  readonly unregistered?: boolean
}

/** An account with an order and one challenge: requests 1 to 5, or 4 when the authorization is unseen. */
export function offer(s: Session, terms: Terms = {}): Offer {
  const { type = 'http-01', identifier = { type: 'dns', value: 'www.example' } } = terms
  const account = newAccount(s)
  if (terms.unregistered) s.exchanges.splice(2, 1)
  const { authorization, challenge } = s.order(account, [identifier.value])
  const shown = { type, url: challenge, status: 'pending', token: TOKEN }
  if (!terms.unseen)
    s.post(account, authorization, undefined, {
      answer: { identifier, status: 'pending', expires: '2026-01-08T00:00:00Z', challenges: [shown] },
    })
  return { account, authorization, challenge, shown }
}

/** The response to the challenge; request 6 of a session that began with an offer. */
export function respond(s: Session, { account, authorization, challenge, shown }: Offer, more: Partial<Bend> = {}): undefined {
  s.post(account, challenge, {}, { answer: shown, answerHeaders: [['Link', `<${authorization}>;rel="up"`]], ...more })
}

/** What the authorization has come to. */
export function settled(s: Session, { account, authorization, shown }: Offer, status: string): undefined {
  s.post(account, authorization, undefined, {
    answer: {
      identifier: { type: 'dns', value: 'www.example' },
      status,
      expires: '2026-01-08T00:00:00Z',
      challenges: [{ ...shown, status }],
    },
  })
}

/** A validator's fetch, from the address of the CA. */
export function fetched(s: Session, content: string, more: Partial<Bend> & { url?: string; from?: string } = {}): undefined {
  const { connection } = s
  s.connection = { ...newConnection(1), client: more.from ?? '10.0.0.2:5555', server: '10.0.0.1:80' }
  s.exchange('GET', more.url ?? `http://www.example/.well-known/acme-challenge/${TOKEN}`, null, {
    answer: content,
    withNonce: false,
    ...more,
  })
  s.connection = connection
}

export function redirected(s: Session, to: string | null, more: { url?: string } = {}): undefined {
  fetched(s, '', { status: 302, answerHeaders: to === null ? [] : [['Location', to]], ...more })
}

const NAME = '_acme-challenge.www.example'

interface Answered {
  readonly asked?: string
  readonly owner?: string
  readonly alias?: string
  readonly rcode?: number
  readonly input?: number
}

/** A question for TXT records with its answer. */
export function lookedUp(s: Session, texts: readonly string[], answer: Answered = {}): undefined {
  const { asked = NAME, alias, owner = alias ?? asked, rcode = 0, input = 0 } = answer
  const octets = dns.encode({
    type: 'response',
    id: 1,
    flags: rcode,
    questions: [{ type: 'TXT', name: asked }],
    answers: [
      ...(alias === undefined ? [] : [{ type: 'CNAME' as const, name: asked, data: alias }]),
      ...texts.map((data) => ({ type: 'TXT' as const, name: owner, ttl: 1, data: data.length < 100 ? data : halves(data) })),
    ],
  })
  s.side.dns.push({ input, frames: [7], time: s.now, octets: new Uint8Array(octets) })
  s.now += 100_000
}

function halves(text: string): string[] {
  return [text.slice(0, 50), text.slice(50)]
}

/** A validator's handshake; the responder does as RFC 8737 3 says. */
export function shookHands(s: Session, bend: Partial<Handshake> = {}): undefined {
  s.side.handshakes.push({
    connection: newConnection(2),
    time: s.now,
    frames: [9],
    clientRandom: null,
    serverName: 'www.example',
    alpnOffered: ['acme-tls/1'],
    alpn: 'acme-tls/1',
    alpnKnown: true,
    version: 'TLSv1.2',
    cipherSuite: null,
    resumed: false,
    certificates: [],
    alerts: [],
    ...bend,
  })
  s.now += 100_000
}
