import { Buffer } from 'node:buffer'
import { createPublicKey } from 'node:crypto'

/**
 * The public JWKs in a text: a JWK or a JWK set, PEM keys (public or private) and certificates, or a Kubernetes Secret manifest (YAML or JSON)
 * whose data holds one of these in base64. Private members never leave this function.
 */
export function publicJwks(text: string): Record<string, unknown>[] {
  const direct = [...fromJson(text), ...fromPem(text)]
  if (direct.length > 0) return direct
  // A Secret's values: long base64 texts that decode to PEM or JSON.
  const values = text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? []
  return values.flatMap((value) => {
    const decoded = Buffer.from(value, 'base64').toString('utf8')
    return [...fromJson(decoded), ...fromPem(decoded)]
  })
}

function fromJson(text: string): Record<string, unknown>[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return []
  }
  const list = typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys) ? value.keys : [value]
  return list.flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null || !('kty' in item)) return []
    return exported(() => createPublicKey({ key: item as import('node:crypto').JsonWebKey, format: 'jwk' }))
  })
}

function fromPem(text: string): Record<string, unknown>[] {
  const blocks = text.match(/-----BEGIN [A-Z ]+-----[\s\S]*?-----END [A-Z ]+-----/g) ?? []
  return blocks.flatMap((block) => exported(() => createPublicKey(block)))
}

function exported(make: () => ReturnType<typeof createPublicKey>): Record<string, unknown>[] {
  try {
    return [make().export({ format: 'jwk' }) as Record<string, unknown>]
  } catch {
    return []
  }
}
