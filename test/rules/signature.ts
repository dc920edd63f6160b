import { sign } from 'node:crypto'
import { readJwk } from '../../src/jose/keys.ts'
import { alter, asHar } from '../support/altering.ts'
import type { CaseTable, Scene } from '../support/cases.ts'
import { keyChange } from '../support/inner.ts'
import { type Bend, base64url, Key, newConnection, type Session } from '../support/session.ts'

const REFUSED = { status: 400, problem: ['malformed', 'no'] } satisfies Partial<Bend>
const TAKEN = { status: 201, answer: {} } satisfies Partial<Bend>
const ORDER = { identifiers: [{ type: 'dns', value: 'www.example' }] }

/** Signs until the signature is one that a test wants; ECDSA makes another one each time. */
class Choosy extends Key {
  wants: (octets: Uint8Array) => boolean = () => true

  override sign(input: Uint8Array): Uint8Array {
    for (;;) {
      const octets = super.sign(input)
      if (this.wants(octets)) return octets
    }
  }
}

/** One newOrder by a registered account, bent so, and refused. */
function order(bend: Partial<Bend> = {}, key: () => Key = () => new Key('a')): Scene {
  return (s) => {
    const k = key()
    k.kid = null
    s.begin().register(k)
    s.order(k, ['www.example'], { ...REFUSED, answerHeaders: [], ...bend })
    return undefined
  }
}

function choosy(wants: Choosy['wants'], bend: Partial<Bend>): Scene {
  return order(bend, () => {
    const k = new Choosy('a')
    k.wants = (octets) => k.kid === null || wants(octets)
    return k
  })
}

/** A signature in ASN.1 DER (RFC 3279 2.2.3). */
function der(raw: Uint8Array): Uint8Array {
  const integer = (half: Uint8Array) => {
    const first = half.findIndex((octet) => octet !== 0)
    const octets = half.subarray(first < 0 ? half.length - 1 : first)
    const body = (octets[0] as number) > 0x7f ? [0, ...octets] : [...octets]
    return [0x02, body.length, ...body]
  }
  const body = [...integer(raw.subarray(0, raw.length / 2)), ...integer(raw.subarray(raw.length / 2))]
  return Uint8Array.from([0x30, ...(body.length > 127 ? [0x81] : []), body.length, ...body])
}

const RSA = new Key('rsa', 'RSA-2048')
const rsa = () => RSA

/** A newOrder whose signature is made over another input or digest than the JWS says. */
function signedOver(octets: (input: { protectedText: string; payload: string }) => Uint8Array, key: () => Key = rsa): Scene {
  return (s) => {
    order({}, key)(s)
    const last = s.exchanges.pop()
    const body = last?.request?.body
    if (last?.request == null || body?.bytes == null) throw new Error('no body')
    const jws = JSON.parse(Buffer.from(body.bytes).toString()) as { protected: string; payload: string; signature: string }
    jws.signature = base64url(octets({ protectedText: jws.protected, payload: jws.payload }))
    const bytes = new TextEncoder().encode(JSON.stringify(jws))
    s.exchanges.push({ ...last, request: { ...last.request, body: { ...body, bytes } } })
    return undefined
  }
}

/** An account whose key was changed, answered so, and what came then. */
function changed(
  answer: Partial<Bend>,
  then: (s: Session, old: Key, next: Key) => void,
  next: () => Key = () => new Key('n'),
): Scene {
  return (s) => {
    const [old, fresh] = [new Key('a'), next()]
    s.begin().register(old)
    s.newNonce({ offers: 'pooled' })
    s.post(old, 'keyChange', keyChange(s, old, fresh), { nonce: 'nonce-2', offers: 'after', ...answer })
    fresh.kid = old.kid
    then(s, old, fresh)
    return undefined
  }
}

/** Two accounts; the second signs for the first. */
function mixedUp(bend: Partial<Bend> = {}, kind?: ConstructorParameters<typeof Key>[1]): Scene {
  return (s) => {
    const [a, b] = [new Key('a', kind), new Key('b')]
    s.begin().register(a)
    s.register(b)
    s.order(b, ['www.example'], { header: { kid: a.kid }, ...REFUSED, answerHeaders: [], ...bend })
    return undefined
  }
}

const midSession: Scene = (s) => {
  const k = new Key('a')
  k.kid = 'https://ca.example/acct/1'
  s.post(k, 'newOrder', ORDER, REFUSED)
  return undefined
}

const LOST_BODY = order({ bodyLost: true })

export const CASES: CaseTable = {
  'signature-missing': {
    holds: { signed: order() },
    broken: {
      empty: { scene: order({ members: { signature: '' } }), severity: 'error', says: /empty signature/ },
      absent: { scene: order({ members: { signature: undefined } }), says: /has no signature/ },
      null: { scene: order({ members: { signature: null } }), says: /null/ },
      'blank in a HAR, and refused': (s) => {
        order({ members: { signature: '' } })(s)
        asHar(s)
      },
    },
    unknown: {
      'U-GAP: the body was lost': LOST_BODY,
      'U-REDACT: blank in a HAR, but the server took it': (s) => {
        order({ members: { signature: '' }, ...TAKEN, problem: undefined as never })(s)
        asHar(s)
      },
    },
    silent: { 'GET directory': (s) => void s.directory(), 'no JSON': order({ body: 'x' }) },
  },
  'signature-der-encoded': {
    holds: {
      'R and S': order(),
      'R and S that begin like DER by chance': choosy((octets) => octets[0] === 0x30, {}),
      'rubbish of another length': order({ signature: (octets) => octets.subarray(1) }),
      'a whole DER sequence of just the length of R and S': order({
        signature: () => Uint8Array.of(0x30, 62, 2, 29, ...new Uint8Array(29).fill(1), 2, 29, ...new Uint8Array(29).fill(1)),
      }),
    },
    broken: {
      'RFC 7518 3.4: DER': { scene: order({ signature: der }), severity: 'error', says: /Converted, it verifies/ },
      'DER of P-521': { scene: order({ signature: der }, () => new Key('a', 'P-521')), says: /Converted, it verifies/ },
      'DER by another key': { scene: order({ signature: der, signer: new Key('x') }), says: /in 64 octets\.$/ },
    },
    silent: { RSA: order({}, rsa), 'no signature': order({ members: { signature: '' } }), 'the body was lost': LOST_BODY },
  },
  'signature-length': {
    holds: {
      ES256: order(),
      RS256: order({}, rsa),
      'DER: signature-der-encoded says it': order({ signature: der }),
      'R with a leading zero kept': choosy((octets) => octets[0] === 0, {}),
    },
    broken: {
      'a leading zero of R dropped': {
        scene: choosy((octets) => octets[0] === 0 && octets[32] !== 0, { signature: (octets) => octets.subarray(1) }),
        severity: 'error',
        says: /63 octets, ES256 needs 64\. With the dropped leading zero put back it verifies/,
      },
      'a leading zero of S dropped': {
        scene: choosy((octets) => octets[32] === 0, {
          signature: (octets) => Uint8Array.from([...octets.subarray(0, 32), ...octets.subarray(33)]),
        }),
        says: /put back it verifies/,
      },
      'too long, without a key to verify': (s) => {
        const k = new Key('a')
        k.kid = 'https://ca.example/acct/1'
        s.post(k, 'newOrder', ORDER, { ...REFUSED, signature: (octets) => Uint8Array.from([0, ...octets]) })
      },
      'RSA shorter than its modulus': {
        scene: order({ signature: (octets) => octets.subarray(1) }, rsa),
        says: /255 octets, RS256 needs 256\.$/,
      },
      Ed25519: {
        scene: order({ signature: (octets) => octets.subarray(1) }, () => new Key('a', 'Ed25519')),
        says: /63 octets, EdDSA needs 64/,
      },
    },
    silent: {
      'RSA, and the key is not known': (s) => {
        RSA.kid = 'https://ca.example/acct/1'
        s.post(RSA, 'newOrder', ORDER, { ...REFUSED, signature: (octets) => octets.subarray(1) })
      },
      'no signature': order({ members: { signature: '' } }),
    },
  },
  'signature-invalid': {
    holds: {
      valid: order(),
      'the former key, before its change was answered': changed(
        {},
        (s, old) => void s.order(old, ['www.example'], { nonce: 'pooled', time: s.now - 80_000 }),
      ),
      'the new key, though the answer to the change was lost, since the server takes it': changed(
        { unanswered: true },
        (s, _, next) => void s.order(next, ['www.example'], { nonce: 'pooled' }),
      ),
      'the old key, though the answer to the change was lost, since the server takes it': changed(
        { unanswered: true },
        (s, old) => void s.order(old, ['www.example'], { nonce: 'pooled' }),
      ),
      'a key that a later look-up showed': (s) => {
        const [old, next] = [new Key('a'), new Key('a')]
        s.begin().register(old)
        next.kid = old.kid
        s.order(next)
        s.register(next, { status: 200 })
        return 4
      },
      'the key that the operator gave': (s) => {
        const k = new Key('a')
        s.accountKeys.push(readJwk(k.jwk) as never)
        k.kid = 'https://ca.example/acct/1'
        s.post(k, 'newOrder', ORDER, REFUSED)
      },
      'a new key that the operator gave and the server takes': (s) => {
        const [k, next] = [new Key('a'), new Key('b')]
        s.begin().register(k)
        s.accountKeys.push(readJwk(next.jwk) as never)
        next.kid = k.kid
        s.order(next)
      },
      'RSA 1024, which some libraries refuse to look at': order({}, () => new Key('a', 'RSA-1024')),
      'P-384': order({}, () => new Key('a', 'P-384')),
      'P-521': order({}, () => new Key('a', 'P-521')),
      Ed25519: order({}, () => new Key('a', 'Ed25519')),
      'two accounts with keys of different types': (s) => {
        const [a, b] = [new Key('a'), new Key('b', 'P-384')]
        s.begin().register(a)
        s.register(b)
        s.order(b)
        s.order(a)
      },
      'RFC 8555 7.3.1: the key is known from a look-up': (s) => {
        const k = new Key('a')
        s.begin().register(k, { payload: { onlyReturnExisting: true }, status: 200 })
        s.order(k)
      },
    },
    broken: {
      'a changed payload': {
        scene: order({ members: { payload: base64url('{}') } }),
        severity: 'error',
        says: /does not verify under the key of account/,
      },
      'an unknown key': order({ signer: new Key('x') }),
      'an unknown key in jwk': {
        scene: (s) => {
          s.begin()
          s.post(new Key('a'), 'newAccount', {}, { signer: new Key('x'), ...REFUSED })
        },
        says: /under the key in its own jwk/,
      },
      'an unknown key, taken by a server that misses nothing': order({
        signer: new Key('x'),
        ...TAKEN,
        problem: undefined as never,
      }),
      'signed before base64url': {
        scene: signedOver(({ protectedText, payload }) =>
          RSA.sign(Buffer.from(`${protectedText}.${Buffer.from(payload, 'base64url')}`)),
        ),
        says: /payload without base64url/,
      },
      'another digest': {
        scene: signedOver(({ protectedText, payload }) =>
          sign('sha512', Buffer.from(`${protectedText}.${payload}`), RSA.privateKey),
        ),
        says: /verifies as RS512/,
      },
      'signed before the payload was padded': {
        scene: (s) => {
          order()(s)
          const body = s.exchanges.at(-1)?.request?.body
          if (body?.bytes == null) throw new Error('no body')
          const jws = JSON.parse(Buffer.from(body.bytes).toString()) as { payload: string }
          const bytes = new TextEncoder().encode(JSON.stringify({ ...jws, payload: `${jws.payload}=` }))
          alter(s, { request: { body: { ...body, bytes } } })
        },
        says: /verifies over the canonical encoding/,
      },
      'the inner JWS of a key change': {
        scene: (s) => {
          const k = new Key('a')
          s.begin().register(k)
          s.post(k, 'keyChange', keyChange(s, k, new Key('n'), { signer: k }), REFUSED)
        },
        says: /inner JWS.*It verifies under the old key/,
      },
    },
    unknown: {
      'U-KEY: registered before the capture': midSession,
      'U-GAP: the body was lost': LOST_BODY,
      'U-START: the key was shown only later': (s) => {
        const [old, next] = [new Key('a'), new Key('a')]
        old.kid = 'https://ca.example/acct/a'
        s.begin()
        s.order(old, ['www.example'], REFUSED)
        s.register(next, { status: 200 })
        return 3
      },
      'U-RESP: the answer to the key change was lost: the new key': changed(
        { unanswered: true },
        (s, _, next) => void s.order(next, ['www.example'], { nonce: 'pooled', ...REFUSED }),
      ),
      'U-RESP: the answer to the key change was lost: the old key': changed(
        { unanswered: true },
        (s, old) => void s.order(old, ['www.example'], { nonce: 'pooled', ...REFUSED }),
      ),
      'U-KEY: a key that the server takes, after something was missed': (s) => {
        const [old, next] = [new Key('a'), new Key('b')]
        s.begin().register(old)
        next.kid = old.kid
        s.order(next, ['www.example'], { nonce: 'from an answer out of sight' })
      },
      'U-KEY: and what was refused before it': (s) => {
        const [old, next] = [new Key('a'), new Key('b')]
        s.begin().register(old)
        next.kid = old.kid
        s.order(next, ['www.example'], { ...REFUSED, nonce: 'unseen' })
        s.order(next)
        return 4
      },
    },
    silent: {
      'b64 false: unencoded-payload says it': order({ header: { b64: false, crit: ['b64'] } }),
      'DER: signature-der-encoded says it': order({ signature: der }),
      'no signature': order({ members: { signature: '' } }),
      'a lost zero: signature-length says it': choosy((octets) => octets[0] === 0 && octets[32] !== 0, {
        signature: (octets) => octets.subarray(1),
      }),
      "another account's key: signature-wrong-key says it": mixedUp(),
      'the former key: signature-stale-key says it': changed(
        {},
        (s, old) => void s.order(old, ['www.example'], { nonce: 'after', ...REFUSED }),
      ),
    },
  },
  'signature-wrong-key': {
    holds: {
      'its own key': order(),
      'a key change: the outer by the old key, the inner by the new': changed({}, () => {}),
    },
    broken: {
      "another account's key": {
        scene: mixedUp(),
        severity: 'error',
        says: /account "https:\/\/ca\.example\/acct\/a" but is signed with the key of account "https:\/\/ca\.example\/acct\/b"/,
      },
      'of another type': mixedUp({}, 'P-384'),
      'a key that the operator gave': {
        scene: (s) => {
          const [k, other] = [new Key('a'), new Key('b')]
          s.accountKeys.push(readJwk(other.jwk) as never)
          order({ signer: other }, () => k)(s)
        },
        says: /another account key, which the operator gave/,
      },
    },
    silent: { 'the key is not known': midSession, 'an unknown key: signature-invalid says it': order({ signer: new Key('x') }) },
  },
  'signature-stale-key': {
    holds: { 'the new key': changed({}, (s, _, next) => void s.order(next)), 'no change': order() },
    broken: {
      'the old key, by whoever saw the answer': {
        scene: changed({}, (s, old) => void s.order(old, ['www.example'], { nonce: 'after', ...REFUSED })),
        severity: 'error',
        says: /former key of account .*; request 5 had replaced it/,
      },
      'the old key on the same connection': changed(
        {},
        (s, old) => void s.order(old, ['www.example'], { nonce: 'pooled', ...REFUSED }),
      ),
      'the old key on another connection, with a nonce given since': changed({}, (s, old) => {
        s.connection = newConnection(1)
        s.order(old, ['www.example'], { nonce: 'after', ...REFUSED })
      }),
      'the new key is of another type': changed(
        {},
        (s, old) => void s.order(old, ['www.example'], { nonce: 'after', ...REFUSED }),
        () => new Key('n', 'P-384'),
      ),
    },
    unknown: {
      'U-OTHER: it may have been on its way': changed({}, (s, old) => {
        s.connection = newConnection(1)
        s.order(old, ['www.example'], { nonce: 'pooled', ...REFUSED })
      }),
      'U-OTHER: captured before, by the frames, though a clock says after': changed({}, (s, old) => {
        s.order(old, ['www.example'], { nonce: 'pooled', ...REFUSED })
        alter(s, { request: { frames: [0] } })
      }),
      'U-OTHER: the CA forgot its accounts and gave the URL to another key': (s) => {
        const [a, b] = [new Key('1'), new Key('1')]
        s.begin().register(a)
        s.register(b)
        s.order(a, ['www.example'], REFUSED)
      },
    },
    silent: {
      'an unknown key': order({ signer: new Key('x') }),
      'another account': mixedUp(),
      'the answer to the change was lost': changed(
        { unanswered: true },
        (s, old) => void s.order(old, ['www.example'], { nonce: 'pooled', ...REFUSED }),
      ),
    },
  },
}
