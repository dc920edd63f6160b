import { ALGORITHMS } from '../jose/algorithms.ts'
import { isObject, readJson } from '../jose/json-object.ts'
import { decodeJwsObject, type Jws } from '../jose/jws.ts'
import { fits, type JwkFacts, readJwk } from '../jose/keys.ts'
import { type SignedTexts, signingInput, type Verifier } from '../jose/verify.ts'
import { decodeBase64, latin1Bytes, latin1Text, utf8Text } from '../platform/base64.ts'
import { macOctets } from '../platform/signature.ts'
import type { Draft } from './draft.ts'
import { REDACTED_REASON, redactionOf } from './redacted.ts'
import type { UnknownCode } from './traffic.ts'

/** A JWS inside the payload of a request: of a key change (RFC 8555 7.3.5), or an external account binding (7.3.4). */
export interface InnerJws {
  readonly kind: 'key-change' | 'binding'
  readonly jws: Jws
  /** Parameters of its protected header when they are strings. */
  readonly alg: string | null
  readonly kid: string | null
  readonly url: string | null
  readonly jwk: JwkFacts | null
  /** Its payload as JSON; undefined when it is none. */
  readonly payload: unknown
  /** Of a key change: under the key in its own jwk. Of a binding: the MAC under the operator's key for its kid. */
  readonly signature: InnerSignature
}

export type InnerSignature =
  | { readonly state: 'valid' }
  /** `form`: how the text of the operator's key has to be read for the MAC to verify. */
  | { readonly state: 'valid-mac'; readonly form: MacForm }
  /** `cause`: the old key signed the inner JWS; `swapped`: and the new one the outer. */
  | { readonly state: 'invalid'; readonly cause: 'old-key' | 'swapped' | null }
  | { readonly state: 'unchecked'; readonly code: UnknownCode; readonly reason: string }

/** Ways to get octets from the text of a MAC key; 'twice': base64url of base64url. */
export type MacForm = 'base64url' | 'base64' | 'hex' | 'text' | 'twice'

/** The inner JWS that a payload holds, not yet verified; null when it holds none. */
export function readInnerJws(payload: unknown): InnerJws | null {
  if (!isObject(payload)) return null
  const binding = payload.externalAccountBinding
  if (isObject(binding)) return decodeInner('binding', decodeJwsObject(binding))
  const isJws = ['protected', 'signature', 'signatures'].some((member) => payload[member] !== undefined)
  return isJws ? decodeInner('key-change', decodeJwsObject(payload)) : null
}

function decodeInner(kind: InnerJws['kind'], jws: Jws): InnerJws {
  const text = (name: string) => (typeof jws.header?.[name] === 'string' ? (jws.header[name] as string) : null)
  return {
    kind,
    jws,
    alg: text('alg'),
    kid: text('kid'),
    url: text('url'),
    jwk: readJwk(jws.header?.jwk),
    payload: parsePayload(jws),
    signature: unchecked('U-KEY', 'verification was switched off (--no-verify)'),
  }
}

function parsePayload({ payload }: Jws): unknown {
  const text = payload === null ? null : utf8Text(payload)
  return text === null ? undefined : readJson(text)
}

/** Verifies the inner JWS of key changes and external account bindings; call when the outer signatures are settled. */
export async function verifyInner(
  drafts: readonly Draft[],
  verifier: Verifier,
  eabKeys: ReadonlyMap<string, string>,
): Promise<void> {
  for (const draft of drafts) {
    const { inner } = draft
    if (inner === null) continue
    if (redactionOf(draft.exchange, draft.jws) !== null) {
      draft.inner = { ...inner, signature: unchecked('U-REDACT', REDACTED_REASON) }
      continue
    }
    const signature = inner.kind === 'binding' ? verifyBinding(inner, eabKeys) : await verifyNewKey(draft, inner, verifier)
    draft.inner = { ...inner, signature }
  }
}

/** RFC 8555 7.3.5 step 4: the inner JWS verifies under the key in its jwk. */
async function verifyNewKey(draft: Draft, { alg, jwk, jws }: InnerJws, verifier: Verifier): Promise<InnerSignature> {
  const signed = signedTexts(jws, alg)
  const algorithm = alg === null ? undefined : ALGORITHMS.get(alg)
  if (signed === null || jwk === null || algorithm?.kind !== 'signature' || !fits(jwk, algorithm))
    return unchecked('U-GAP', 'the inner JWS lacks a part that its signature needs, or its alg does not fit its key')
  const outcome = await verifier.verify(signed, jwk)
  if (outcome.result === 'refused') return unchecked('U-KEY', outcome.reason)
  if (outcome.result === 'valid') return { state: 'valid' }
  const old = draft.key?.facts
  if (old === undefined || !fits(old, algorithm) || !verifies(verifier, signed, old)) return { state: 'invalid', cause: null }
  const outer = draft.jws === null ? null : signedTexts(draft.jws, draft.alg)
  return { state: 'invalid', cause: outer !== null && verifies(verifier, outer, jwk) ? 'swapped' : 'old-key' }
}

function verifies(verifier: Verifier, { alg, protectedText, payloadText, signature }: SignedTexts, key: JwkFacts): boolean {
  return verifier.verifyOver(alg, key, signingInput(protectedText, payloadText), signature).result === 'valid'
}

/** RFC 8555 7.3.4 steps 3 and 4. */
function verifyBinding({ alg, kid, jws }: InnerJws, eabKeys: ReadonlyMap<string, string>): InnerSignature {
  const signed = signedTexts(jws, alg)
  if (signed === null || alg === null || kid === null || ALGORITHMS.get(alg)?.kind !== 'mac')
    return unchecked('U-GAP', 'the binding lacks a part that its MAC needs')
  const text = eabKeys.get(kid)?.trim()
  if (text === undefined || text === '')
    return unchecked('U-SECRET', `the MAC key of ${JSON.stringify(kid)} is not known; give it with --eab-key`)
  const input = signingInput(signed.protectedText, signed.payloadText)
  for (const [form, secret] of secretsOf(text)) {
    const mac = macOctets(alg, secret, input)
    if (mac !== null && latin1Text(mac) === latin1Text(signed.signature)) return { state: 'valid-mac', form }
  }
  return { state: 'invalid', cause: null }
}

/** RFC 8555 7.3.4 wants the key handed out in base64url; what people make of it comes after. */
function* secretsOf(text: string): Generator<readonly [MacForm, Uint8Array]> {
  const decoded = decodeBase64(text)
  if (/^[A-Za-z0-9_\-+/]+=*$/.test(text)) yield [/[+/=]/.test(text) ? 'base64' : 'base64url', decoded]
  if (/^([0-9a-f]{2})+$/i.test(text))
    yield ['hex', new Uint8Array((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)))]
  yield ['text', latin1Bytes(text)]
  const inner = latin1Text(decoded).trim()
  if (/^[A-Za-z0-9_\-+/]+=*$/.test(inner)) yield ['twice', decodeBase64(inner)]
}

function signedTexts({ protectedText, payloadText, signatureText, signature }: Jws, alg: string | null): SignedTexts | null {
  if (protectedText === null || payloadText === null || signatureText === null || signature === null || alg === null) return null
  return signature.length === 0 ? null : { protectedText, payloadText, signatureText, signature, alg }
}

function unchecked(code: UnknownCode, reason: string): InnerSignature {
  return { state: 'unchecked', code, reason }
}
