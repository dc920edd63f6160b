import { createHmac } from 'node:crypto'
import { base64url, type Key, type Session, signed } from './session.ts'

/** What a test changes about an inner JWS. */
export interface InnerBend {
  header: Record<string, unknown>
  drop: string[]
  payload: unknown
  signer: Key
  members: Record<string, unknown>
}

/** The payload of a key change (RFC 8555 7.3.5): an inner JWS by the new key. */
export function keyChange(session: Session, old: Key, next: Key, bend: Partial<InnerBend> = {}): Record<string, unknown> {
  const header: Record<string, unknown> = { alg: next.alg, jwk: next.jwk, url: session.url('keyChange'), ...bend.header }
  for (const name of bend.drop ?? []) delete header[name]
  const payload = bend.payload ?? { account: old.kid, oldKey: old.jwk }
  return signed(bend.signer ?? next, header, payload, { members: bend.members ?? {} })
}

/** The MAC key that the CA hands out, as octets and as the text that the operator is given. */
export const MAC_KEY = Buffer.from('an external account key of a CA!')
export const MAC_KEY_TEXT = base64url(MAC_KEY)

/** The payload of a registration with an external account binding (RFC 8555 7.3.4). */
export function bound(
  session: Session,
  key: Key,
  bend: Partial<Omit<InnerBend, 'signer'> & { secret: Uint8Array; alg: string }> = {},
): { termsOfServiceAgreed: true; externalAccountBinding: Record<string, unknown> } {
  const alg = bend.alg ?? 'HS256'
  const header: Record<string, unknown> = { alg, kid: 'kid-1', url: session.url('newAccount'), ...bend.header }
  for (const name of bend.drop ?? []) delete header[name]
  const protectedText = base64url(JSON.stringify(header))
  const payload = base64url(JSON.stringify(bend.payload ?? key.jwk))
  const mac = createHmac(`sha${alg.slice(2)}`, bend.secret ?? MAC_KEY).update(`${protectedText}.${payload}`)
  return {
    termsOfServiceAgreed: true,
    externalAccountBinding: { protected: protectedText, payload, signature: base64url(mac.digest()), ...bend.members },
  }
}
