/** Short Weierstrass curves y^2 = x^3 + ax + b over the integers modulo p. */
export interface Curve {
  /** Octets of a coordinate. */
  readonly octets: number
  readonly p: bigint
  readonly a: bigint
  readonly b: bigint
}

/** Parameters from SP 800-186 3.2.1 (P-256, P-384, P-521) and SEC 2 2.4.1 (secp256k1), by their JWK names. */
export const CURVES: ReadonlyMap<string, Curve> = new Map(
  Object.entries({
    'P-256': {
      octets: 32,
      p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
      a: -3n,
      b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    },
    'P-384': {
      octets: 48,
      p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
      a: -3n,
      b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    },
    'P-521': {
      octets: 66,
      p: 0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffn,
      a: -3n,
      b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    },
    secp256k1: { octets: 32, p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn, a: 0n, b: 0x7n },
  }),
)

/** True for a point on the curve with both coordinates below p; the point at infinity has no such form. */
export function isOnCurve(curve: Curve, x: bigint, y: bigint): boolean {
  const { p, a, b } = curve
  if (x >= p || y >= p) return false
  const difference = (y * y - (x * x * x + a * x + b)) % p
  return difference === 0n
}

/** Big-endian unsigned integer; 0 for no octets. */
export function toInteger(bytes: Uint8Array): bigint {
  let hex = ''
  for (const octet of bytes) hex += octet.toString(16).padStart(2, '0')
  return hex === '' ? 0n : BigInt(`0x${hex}`)
}
