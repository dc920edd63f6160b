import test from 'ava'
import fc from 'fast-check'
import { analyze, exportHar } from '../../src/analyze.ts'
import { FORMATS } from '../../src/report/formats.ts'
import { DEFAULT_RENDER_OPTIONS } from '../../src/report/page.ts'
import { HIDE_ALL, redactReport } from '../../src/report/redact.ts'
import { leaksOf } from '../support/leaks.ts'

const letters = (alphabet: string) => fc.constantFrom(...alphabet)
/** Long enough to be told from chance, with a digit as no word has. */
const opaque = fc
  .string({ unit: letters('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'), minLength: 10, maxLength: 40 })
  .map((text) => `q${text}7z`)
/** As a cookie or a password may be: with what JSON, URLs and XML have to escape. */
const odd = fc.string({ unit: letters('abcXYZ0189"\\/<>&%+$!~é€'), minLength: 10, maxLength: 24 }).map((text) => `k9${text}w3`)
const label = fc
  .string({ unit: letters('abcdefghijklmnopqrstuvwxyz0123456789'), minLength: 6, maxLength: 16 })
  .map((text) => `h${text}4x`)
const host = fc.tuple(label, label).map(([a, b]) => `${a}.${b}.test`)

const traffic = fc.record({
  ca: host,
  domain: host,
  cookie: opaque,
  bearer: opaque,
  password: opaque,
  secretPath: opaque,
  account: opaque,
  order: opaque,
  nonces: fc.tuple(opaque, opaque, opaque),
  token: opaque,
  thumbprint: opaque,
  contact: opaque,
  eabKid: opaque,
  csr: opaque,
  privateMember: opaque,
  unknownMember: opaque,
  odd,
  address: fc.tuple(fc.integer({ min: 11, max: 99 }), fc.integer({ min: 100, max: 255 }), fc.integer({ min: 100, max: 255 })),
})

const base64url = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A session in which everything that is private stands in the places where it may stand, and where servers and clients put it by mistake. */
function harOf(of: typeof traffic extends fc.Arbitrary<infer T> ? T : never): { har: string; secrets: Set<string> } {
  const base = `https://${of.ca}/${of.secretPath}`
  const kid = `${base}/acct/${of.account}`
  const address = `${of.address.join('.')}.77`
  let clock = 1_700_000_000_000
  const entry = (method: string, url: string, request: unknown, response: unknown, nonce: string, headers: object[] = []) => {
    clock += 1000
    const text = request === null ? null : JSON.stringify(request)
    return {
      startedDateTime: new Date(clock).toISOString(),
      time: 1,
      request: {
        method, url, httpVersion: 'HTTP/1.1', cookies: [{ name: 'sid', value: of.cookie }], queryString: [], headersSize: -1, bodySize: -1,
        headers: [
          { name: 'Cookie', value: `sid=${of.cookie}` },
          { name: 'Authorization', value: `Bearer ${of.bearer}` },
          { name: 'X-Session-Token', value: of.odd },
          { name: 'User-Agent', value: `client/1.0 (host ${of.ca})` },
          ...(text === null ? [] : [{ name: 'Content-Type', value: 'application/jose+json' }]),
        ],
        ...(text === null ? {} : { postData: { mimeType: 'application/jose+json', text } }),
      },
      response: {
        status: (response as { status?: unknown }).status === 'refused' ? 403 : 200,
        statusText: of.odd, httpVersion: 'HTTP/1.1', cookies: [], redirectURL: '', headersSize: -1, bodySize: -1,
        headers: [
          { name: 'Replay-Nonce', value: nonce },
          { name: 'Set-Cookie', value: `sid=${of.cookie}; Path=/; HttpOnly` },
          { name: 'Content-Type', value: 'application/json' },
          ...headers,
        ],
        content: { size: -1, mimeType: 'application/json', text: JSON.stringify(response) },
      },
      cache: {},
      timings: { send: 1, wait: 1, receive: 1 },
      serverIPAddress: address,
    } // biome-ignore format: a table
  }
  const jws = (header: object, payload: unknown) => ({
    protected: base64url(header),
    payload: payload === '' ? '' : base64url(payload),
    signature: base64url(`signature ${of.csr}`),
  })
  const jwk = { kty: 'EC', crv: 'P-256', x: base64url(of.thumbprint), y: base64url(of.token), d: of.privateMember }
  const [first, second, third] = of.nonces
  const entries = [
    entry('GET', `${base}/directory`, null, { newNonce: `${base}/new-nonce`, newAccount: `${base}/new-acct`, newOrder: `${base}/new-order`, [of.unknownMember]: of.odd }, first),
    entry(
      'POST', `${base}/new-acct`,
      jws(
        { alg: 'ES256', jwk, nonce: first, url: `${base}/new-acct` },
        {
          contact: [`mailto:${of.contact}@${of.domain}`],
          externalAccountBinding: jws({ alg: 'HS256', kid: of.eabKid, url: `${base}/new-acct` }, jwk),
          note: of.odd,
        },
      ),
      { status: 'valid', contact: [`mailto:${of.contact}@${of.domain}`], initialIp: address, [of.unknownMember]: of.unknownMember },
      second, [{ name: 'Location', value: kid }],
    ),
    entry(
      'POST', `${base}/new-order`,
      jws({ alg: 'ES256', kid: of.eabKid, nonce: second, url: `https://user:${of.password}@${of.ca}/elsewhere/${of.order}` }, { identifiers: [{ type: 'dns', value: `*.${of.domain}` }], csr: of.csr }),
      { status: 'refused', type: 'urn:ietf:params:acme:error:unauthorized', detail: `account ${kid} of ${of.contact}@${of.domain} may not order "${of.domain}" from ${address}, nonce ${second}, key ${of.eabKid}; see https://user:${of.password}@${of.ca}/${of.order}` },
      third,
    ),
    entry('GET', `http://${of.domain}/.well-known/acme-challenge/${of.token}`, null, `${of.token}.${of.thumbprint}`, first),
    entry('GET', `https://user:${of.password}@${of.ca}/other?key=${encodeURIComponent(of.odd)}`, null, { secret: of.odd }, third),
  ] // biome-ignore format: a table
  const { address: _, nonces, ...texts } = of
  const secrets = new Set([...Object.values(texts), ...nonces, address, jwk.x, jwk.y])
  return { har: JSON.stringify({ log: { version: '1.2', creator: { name: 'x', version: '1' }, pages: [], entries } }), secrets }
}

test('for any traffic no private value is in any output to be shared, in any form', async (t) => {
  await fc.assert(
    fc.asyncProperty(traffic, async (of) => {
      const { har, secrets } = harOf(of)
      const bytes = new TextEncoder().encode(har)
      const report = await analyze([bytes])
      t.true(report.requests.length >= 3, `${report.requests.length} requests`)
      const { report: redacted, check } = redactReport(report, HIDE_ALL)
      const outputs = FORMATS.map(({ name, render }) => ({
        name,
        text: [...render(redacted, { ...DEFAULT_RENDER_OPTIONS, verbose: true })].join(''),
      }))
      for (const { text } of outputs) check([text])
      const pieces: string[] = []
      const exported = await exportHar([bytes], { redaction: HIDE_ALL }, (piece) => void pieces.push(piece))
      exported.check(pieces)
      for (const { name, text } of [...outputs, { name: 'har', text: pieces.join('') }]) {
        const leaks = leaksOf(text, secrets)
        if (leaks.length > 0) throw new Error(`${name}: ${leaks.join(', ')}`)
      }
    }),
    { numRuns: Number(process.env.ACMESCOPE_RUNS ?? 20) },
  )
  t.pass()
})
