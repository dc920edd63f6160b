import { createHash } from 'node:crypto'
import type { CaseTable } from '../support/cases.ts'
import { extension, makeCertificate, octets } from '../support/der.ts'
import { ACCOUNT, SITE } from '../support/issuance.ts'
import { type Bend, Key, newConnection, type Session } from '../support/session.ts'
import {
  fetched,
  keyAuthorization,
  lookedUp,
  type Offer,
  offer,
  recordValue,
  redirected,
  respond,
  settled,
  shookHands,
  TOKEN,
} from '../support/validation.ts'

const REFUSED = { status: 400, problem: ['malformed', 'no'] } satisfies Partial<Bend>
const DNS = { type: 'dns-01' }
const ALPN = { type: 'tls-alpn-01' }
/** The request that responds, in a session that began with an offer. */
const RESPONSE = 6

/** A response to a challenge of some type. */
function responding(more: Partial<Bend> = {}, terms: Parameters<typeof offer>[1] = {}) {
  return (s: Session): undefined => respond(s, offer(s, terms), more)
}

/** A response, then what the validator does; asked about the last request, or about the response. */
function validated(
  then: (s: Session, o: Offer) => unknown,
  about: 'last' | 'response' = 'last',
  terms: Parameters<typeof offer>[1] = {},
) {
  return (s: Session): number | undefined => {
    const o = offer(s, terms)
    respond(s, o)
    then(s, o)
    return about === 'last' ? undefined : RESPONSE - (terms.unseen || terms.unregistered ? 1 : 0)
  }
}

/** Answers that show the challenge with other members. */
function showing(members: Record<string, unknown>, more: Partial<Bend> = {}) {
  return (s: Session): undefined => {
    const o = offer(s)
    respond(s, o, { answer: { ...o.shown, ...members }, ...more })
  }
}

/** An authorization with some challenge types. */
function offering(
  identifier: { type: string; value: string },
  types: string[],
  members: Record<string, unknown> = {},
  more: Partial<Bend> = {},
) {
  return (s: Session): undefined => {
    const k = new Key('a')
    s.begin().register(k)
    s.post(k, s.order(k).authorization, undefined, {
      answer: {
        identifier,
        status: 'pending',
        challenges: types.map((type) => ({ type, url: `https://ca.example/chall/${type}`, status: 'pending', token: TOKEN })),
        ...members,
      },
      ...more,
    })
  }
}

const NAMED = { type: 'dns', value: 'www.example' }
const dns = (texts: readonly string[], answer: Parameters<typeof lookedUp>[2] = {}) =>
  validated((s) => lookedUp(s, texts, answer), 'response', DNS)
const other = new Key('other')
const digest = (text: string, encoding: 'base64' | 'hex' | 'base64url') => createHash('sha256').update(text).digest(encoding)
const VALUE = recordValue()

const SELF = { name: 'responder', key: SITE.privateKey }
const keyDigest = createHash('sha256').update(keyAuthorization()).digest()

/** The responder's certificate (RFC 8737 3). */
function responder(names = ['www.example'], value: Uint8Array = octets(keyDigest), critical = true, issuer = SELF): Uint8Array {
  return makeCertificate(SITE.privateKey, issuer, {
    commonName: SELF.name,
    names,
    extensions: [extension('1.3.6.1.5.5.7.1.31', value, critical)],
  })
}

const alpn = (bend: Parameters<typeof shookHands>[1], terms: Parameters<typeof offer>[1] = {}) =>
  validated((s) => shookHands(s, bend), 'response', { ...ALPN, ...terms })
const presenting = (...certificates: Uint8Array[]) => alpn({ certificates })

export const CASES: CaseTable = {
  'challenge-payload': {
    holds: { 'RFC 8555 7.5.1': responding() },
    broken: {
      'members for http-01': {
        scene: responding({ payload: { type: 'http-01', token: TOKEN } }),
        severity: 'warning',
        party: 'client',
        says: /"type", "token"/,
      },
      'a list': { scene: responding({ payload: [] }), severity: 'warning' },
    },
    unknown: {
      'U-GAP: the body was lost': responding({ bodyLost: true }),
      'U-START: the type was never shown': responding({ payload: { attObj: 'x' }, ...REFUSED }, { unseen: true }),
    },
    silent: {
      'a fetch': (s) => {
        const o = offer(s)
        s.post(o.account, o.challenge, undefined, { answer: o.shown })
      },
      'members of a type that defines them': responding({ payload: { attObj: 'x' } }, { type: 'device-attest-01' }),
    },
  },
  'challenge-legacy-keyauth': {
    holds: { 'RFC 8555 7.5.1': responding() },
    broken: {
      'the right one': {
        scene: responding({ payload: { keyAuthorization: keyAuthorization() } }),
        severity: 'warning',
        says: /right one/,
      },
      'with another key': {
        scene: responding({ payload: { keyAuthorization: keyAuthorization(other) } }),
        says: /with the key of this account it is/,
      },
      'with the key of another account': {
        scene(s) {
          const o = offer(s)
          s.register(other)
          return respond(s, o, { payload: { keyAuthorization: keyAuthorization(other) } })
        },
        says: /that of account https:\/\/ca\.example\/acct\/other/,
      },
    },
    unknown: { 'U-GAP: the body was lost': responding({ bodyLost: true }) },
    silent: { 'no object': responding({ payload: [] }) },
  },
  'challenge-object': {
    holds: {
      'RFC 8555 7.5.1': responding(),
      'an authorization': offering(NAMED, ['http-01', 'dns-01']),
      'RFC 8555 erratum 5732: an error while processing': showing({ status: 'processing', error: { type: 'about:blank' } }),
      'valid since': showing({ status: 'valid', validated: '2026-01-01T00:00:00Z' }),
      'no token where none is defined': showing({ type: 'dns-persist-01', token: undefined }),
    },
    broken: {
      'a short token': { scene: showing({ token: 'short' }), severity: 'error', party: 'server', says: /22 characters/ },
      'a token in standard base64': showing({ token: `${TOKEN}+/` }),
      'an unknown status': showing({ status: 'ready' }),
      'valid without validated': { scene: showing({ status: 'valid' }), says: /validated is missing/ },
      'validated is no date': showing({ status: 'valid', validated: 'yesterday' }),
      'error is a text': showing({ status: 'invalid', error: 'no' }),
      'invalid without error': { scene: showing({ status: 'invalid' }), severity: 'warning' },
      'an error while pending': { scene: showing({ error: { type: 'about:blank' } }), severity: 'warning' },
    },
    unknown: {
      'U-RESP: no answer': showing({}, { unanswered: true }),
      'U-GAP: the body of the answer was lost': showing({}, { answerLost: true }),
    },
    silent: { refused: showing({}, REFUSED) },
  },
  'challenge-up-link': {
    holds: { 'RFC 8555 7.5.1': responding() },
    broken: {
      'no link': { scene: responding({ answerHeaders: [['X', 'y']] }), severity: 'warning', party: 'server' },
      'no link at a fetch': {
        scene(s) {
          const o = offer(s)
          s.post(o.account, o.challenge, undefined, { answer: o.shown })
          return undefined
        },
        severity: 'info',
      },
      'to another authorization': {
        scene: responding({ answerHeaders: [['Link', '<https://ca.example/authz/other>;rel="up"']] }),
        says: /belongs to/,
      },
    },
    unknown: { 'U-RESP: no answer': responding({ unanswered: true }) },
    silent: { refused: responding(REFUSED) },
  },
  'challenge-reposted': {
    holds: {
      once: responding(),
      'after badNonce': (s) => {
        const o = offer(s)
        respond(s, o, { status: 400, problem: ['badNonce', 'no'] })
        return respond(s, o)
      },
    },
    broken: {
      'while the server tries': {
        scene(s) {
          const o = offer(s)
          respond(s, o)
          return respond(s, o)
        },
        severity: 'info',
        says: /^Request 6 already responded/,
      },
      'after it is valid': {
        scene(s) {
          const o = offer(s)
          respond(s, o, { answer: { ...o.shown, status: 'valid' } })
          return respond(s, o)
        },
        severity: 'warning',
        says: /already valid/,
      },
      'after the authorization is invalid': {
        scene(s) {
          const o = offer(s)
          s.post(o.account, o.authorization, undefined, { answer: { identifier: NAMED, status: 'invalid', challenges: [] } })
          return respond(s, o)
        },
        severity: 'warning',
        says: /authorization was already invalid/,
      },
    },
    unknown: { 'U-START: the state before was not captured': responding({}, { unseen: true }) },
  },
  'challenge-too-early': {
    holds: {
      'http-01': validated((s) => fetched(s, keyAuthorization()), 'response'),
      'dns-01': dns([VALUE]),
    },
    broken: {
      'not found, then found': {
        scene: validated((s) => {
          fetched(s, 'no', { status: 404 })
          fetched(s, keyAuthorization())
        }, 'response'),
        severity: 'warning',
        party: 'client',
        says: /100 ms after this response the validator got the answer 404; the resource was there 200 ms/,
      },
      'no record': { scene: dns([], { rcode: 3 }), says: /NXDOMAIN without a TXT record/ },
    },
    unknown: {
      'U-SIDE: nothing was captured': responding(),
      'U-CLOCK: in another capture': dns([VALUE], { input: 1 }),
    },
    silent: { 'tls-alpn-01': responding({}, ALPN), refused: responding(REFUSED) },
  },
  'challenge-type-allowed': {
    holds: {
      'dns names': offering(NAMED, ['http-01', 'dns-01', 'tls-alpn-01']),
      'RFC 8738 7: addresses': offering({ type: 'ip', value: '192.0.2.1' }, ['http-01', 'tls-alpn-01']),
      'a wildcard name': offering(NAMED, ['dns-01'], { wildcard: true }),
    },
    broken: {
      'dns-01 for an address': {
        scene: offering({ type: 'ip', value: '192.0.2.1' }, ['dns-01']),
        severity: 'error',
        party: 'server',
      },
      'http-01 for a wildcard name': {
        scene: offering(NAMED, ['http-01', 'dns-01'], { wildcard: true }),
        severity: 'warning',
        party: 'server',
      },
    },
    unknown: {
      'U-RESP: no answer': offering(NAMED, [], {}, { unanswered: true }),
      'U-GAP: the body of the answer was lost': offering(NAMED, [], {}, { answerLost: true }),
    },
  },
  'http01-key-authorization': {
    holds: {
      'RFC 8555 8.3': validated((s) => fetched(s, keyAuthorization())),
      'white space at the end': validated((s) => fetched(s, `${keyAuthorization()}\r\n`)),
      'after redirects': validated((s) => {
        redirected(s, `https://www.example/.well-known/acme-challenge/${TOKEN}`)
        redirected(s, 'http://elsewhere.example/answer', { url: `https://www.example/.well-known/acme-challenge/${TOKEN}` })
        fetched(s, keyAuthorization(), { url: 'http://elsewhere.example/answer' })
      }),
    },
    broken: {
      "another key's thumbprint": {
        scene: validated((s) => fetched(s, keyAuthorization(other))),
        severity: 'error',
        party: 'client',
        says: /a key that the capture does not know/,
      },
      "another account's thumbprint": {
        scene(s) {
          const o = offer(s)
          s.register(other)
          respond(s, o)
          return fetched(s, keyAuthorization(other))
        },
        says: /that of account/,
      },
      'behind a redirect': {
        scene: validated((s) => {
          redirected(s, '/answer')
          fetched(s, 'no', { url: 'http://www.example/answer' })
        }),
        says: /has not the form/,
      },
      'the token alone': { scene: validated((s) => fetched(s, TOKEN)), says: /thumbprint is missing/ },
      'another token': { scene: validated((s) => fetched(s, keyAuthorization(ACCOUNT, `x${TOKEN}`))), says: /token is another/ },
      'a page': { scene: validated((s) => fetched(s, '<!DOCTYPE html><p>It works')), says: /is a page/ },
      'in quotes': { scene: validated((s) => fetched(s, `"${keyAuthorization()}"`)), says: /in quotes/ },
      'with a byte order mark': { scene: validated((s) => fetched(s, `\ufeff${keyAuthorization()}`)), says: /byte order mark/ },
      empty: { scene: validated((s) => fetched(s, '')), says: /is empty/ },
      'the CA was content': {
        scene(s) {
          const o = offer(s)
          respond(s, o)
          fetched(s, keyAuthorization(other))
          settled(s, o, 'valid')
          return RESPONSE + 1
        },
        severity: 'warning',
      },
    },
    unknown: {
      'U-SIDE: no fetch was captured': responding(),
      'U-START: the challenge was never shown': (s) => {
        s.begin()
        return fetched(s, keyAuthorization())
      },
      'U-KEY: the registration was not captured': validated((s) => fetched(s, keyAuthorization()), 'last', {
        unregistered: true,
      }),
      'U-GAP: the content was lost': validated((s) => fetched(s, '', { answerLost: true })),
    },
    silent: {
      'not found': validated((s) => fetched(s, 'no', { status: 404 })),
      "the client's own check, before it responds": (s) => {
        offer(s)
        return fetched(s, 'not yet')
      },
      "the client's own check, by its address": validated((s) => fetched(s, 'not yet', { from: '10.0.0.1:5555' })),
    },
  },
  'http01-fetch': {
    holds: {
      'RFC 8555 8.3': validated((s) => fetched(s, keyAuthorization())),
      'a redirect to https': validated((s) => redirected(s, `https://www.example/.well-known/acme-challenge/${TOKEN}`)),
      'a redirect between ports of a test CA': validated((s) =>
        redirected(s, 'https://www.example:5003/x', { url: `http://www.example:5002/.well-known/acme-challenge/${TOKEN}` }),
      ),
    },
    broken: {
      'not found': { scene: validated((s) => fetched(s, 'no', { status: 404 })), severity: 'warning', party: 'client' },
      'to another port': { scene: validated((s) => redirected(s, 'http://www.example:8080/x')), says: /port 8080/ },
      'in a circle': {
        scene: validated((s) => redirected(s, `http://www.example/.well-known/acme-challenge/${TOKEN}`)),
        says: /in a circle/,
      },
      'to a login page': { scene: validated((s) => redirected(s, 'https://www.example/login?next=x')), says: /login page/ },
      'to no URL': { scene: validated((s) => redirected(s, null)), says: /no Location/ },
      'to something else than HTTP': { scene: validated((s) => redirected(s, 'ftp://www.example/x')), says: /not HTTP/ },
      'too often': {
        scene: validated((s) => {
          redirected(s, '/hop/0')
          for (let i = 0; i < 10; i++) redirected(s, `/hop/${i + 1}`, { url: `http://www.example/hop/${i}` })
        }),
        says: /number 11 in a row/,
      },
    },
    unknown: { 'U-SIDE: no fetch was captured': responding() },
    silent: {
      "the client's own check": (s) => {
        offer(s)
        return fetched(s, 'no', { status: 404 })
      },
    },
  },
  'dns01-txt-value': {
    holds: {
      'RFC 8555 8.4': dns([VALUE]),
      'one of several': dns(['another', VALUE]),
      'at the end of a CNAME': dns([VALUE], { alias: 'validation.example' }),
      'draft-ietf-acme-dns-account-label': validated(
        (s, o) => {
          const label = base32(createHash('sha256').update(String(o.account.kid)).digest().subarray(0, 10))
          lookedUp(s, [VALUE], { asked: `_${label}._acme-challenge.www.example` })
        },
        'response',
        { type: 'dns-account-01' },
      ),
    },
    broken: {
      padded: { scene: dns([`${VALUE}=`]), severity: 'error', party: 'client', says: /padded/ },
      hexadecimal: { scene: dns([digest(keyAuthorization(), 'hex')]), says: /hexadecimal/ },
      'the key authorization': { scene: dns([keyAuthorization()]), says: /not its digest/ },
      'in quotes': { scene: dns([`"${VALUE}"`]), says: /in quotes/ },
      'cut short': { scene: dns([VALUE.slice(0, 30)]), says: /cut short/ },
      'of an unknown key': { scene: dns([recordValue(other)]), says: /not of this token and key/ },
      'of another account': {
        scene(s) {
          const o = offer(s, DNS)
          respond(s, o)
          s.register(other)
          lookedUp(s, [recordValue(other)])
          return RESPONSE
        },
        says: /the key of account/,
      },
    },
    unknown: {
      'U-SIDE: no look-up was captured': responding({}, DNS),
      'U-SIDE: the CA was content all the same': validated(
        (s, o) => {
          lookedUp(s, ['another'])
          settled(s, o, 'valid')
        },
        'response',
        DNS,
      ),
      'U-START: the authorization was not captured': responding({}, { ...DNS, unseen: true }),
      'U-KEY: the registration was not captured': validated((s) => lookedUp(s, [VALUE]), 'response', {
        ...DNS,
        unregistered: true,
      }),
    },
    silent: { 'http-01': responding() },
  },
  'dns01-name': {
    holds: { 'RFC 8555 8.4': dns([VALUE]), 'a CNAME': dns([VALUE], { alias: 'validation.example' }) },
    broken: {
      'the zone twice': {
        scene: dns([VALUE], { asked: '_acme-challenge.www.example.www.example' }),
        severity: 'error',
        party: 'client',
        says: /twice/,
      },
      'a wildcard label': { scene: dns([VALUE], { asked: '_acme-challenge.*.www.example' }), says: /"\*" label/ },
      elsewhere: { scene: dns([VALUE], { asked: '_acme-challenge.other.example' }), says: /does not look there/ },
      'another name': { scene: dns([VALUE], { asked: '_acme-challenge.example' }), says: /that of another name/ },
    },
    unknown: { 'U-SIDE: no look-up was captured': responding({}, DNS) },
    silent: { 'another value': dns(['another']) },
  },
  'tlsalpn01-handshake': {
    holds: {
      'RFC 8737 3': alpn({}),
      'RFC 8738 6': alpn({ serverName: '1.2.0.192.in-addr.arpa' }, { identifier: { type: 'ip', value: '192.0.2.1' } }),
      'RFC 8738 6, IPv6': alpn(
        { serverName: '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa' },
        { identifier: { type: 'ip', value: '2001:db8::1' } },
      ),
    },
    broken: {
      'another protocol selected': { scene: alpn({ alpn: 'h2' }), severity: 'error', party: 'client', says: /"h2"/ },
      'none selected': { scene: alpn({ alpn: null }), says: /no protocol/ },
      'an old version': { scene: alpn({ version: 'TLSv1.1' }), says: /TLSv1\.1/ },
      refused: {
        scene: alpn({
          alpn: null,
          alerts: [{ from: 'server', level: 2, description: 120, text: 'no', time: 0, frames: [] }],
        }),
        says: /no_application_protocol/,
      },
      'the validator offers more': { scene: alpn({ alpnOffered: ['acme-tls/1', 'h2'] }), party: 'server' },
    },
    unknown: {
      'U-SIDE: no handshake was captured': responding({}, ALPN),
      'U-TLS: TLS 1.3 without secrets': alpn({ alpn: null, alpnKnown: false, version: 'TLSv1.3' }),
    },
    silent: { 'http-01': responding() },
  },
  'tlsalpn01-certificate': {
    holds: {
      'RFC 8737 3': presenting(responder()),
      'case of names': presenting(responder(['WWW.example'])),
      'RFC 8738 6': alpn(
        { serverName: '1.2.0.192.in-addr.arpa', certificates: [responder(['IP:c0000201'])] },
        { identifier: { type: 'ip', value: '192.0.2.1' } },
      ),
      'in another capture': alpn({
        connection: { ...newConnection(3), input: 1 },
        time: 0,
        certificates: [responder()],
      }),
    },
    broken: {
      'another digest': {
        scene: presenting(responder(undefined, octets(new Uint8Array(32)))),
        severity: 'error',
        party: 'client',
        says: /but the challenge demands/,
      },
      'no acmeIdentifier': {
        scene: presenting(makeCertificate(SITE.privateKey, SELF, { commonName: SELF.name })),
        says: /is missing/,
      },
      'not critical': { scene: presenting(responder(undefined, undefined, false)), says: /not critical/ },
      'a short digest': { scene: presenting(responder(undefined, octets(new Uint8Array(20)))), says: /32 octets/ },
      'two names': { scene: presenting(responder(['www.example', 'example'])), says: /alone/ },
      'another name': { scene: presenting(responder(['example'])), says: /alone/ },
      'by a CA': {
        scene: presenting(responder(undefined, undefined, true, { name: 'CA', key: SITE.privateKey })),
        says: /not self-signed/,
      },
      'no certificate': { scene: presenting(new Uint8Array([1, 2, 3])), says: /is not a certificate/ },
    },
    unknown: {
      'U-SIDE: no handshake was captured': responding({}, ALPN),
      'U-TLS: TLS 1.3 without secrets': alpn({}),
      'U-KEY: the registration was not captured': alpn({ certificates: [responder()] }, { unregistered: true }),
    },
    silent: { 'http-01': responding() },
  },
}

/** RFC 4648 6, by whole bits; another way than the rule's. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  return bits.replace(/.{5}/g, (five) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five, 2)] as string)
}
