/** Protocol versions as they stand in hellos and records. */
/** Handed on with a client hello in the format of SSL 2.0. */
export const SSL2 = 0x0002
export const SSL3 = 0x0300
export const TLS10 = 0x0301
export const TLS12 = 0x0303
export const TLS13 = 0x0304

const NAMES: Readonly<Record<number, string>> = {
  [SSL2]: 'SSLv2',
  [SSL3]: 'SSLv3',
  [TLS10]: 'TLSv1.0',
  770: 'TLSv1.1',
  [TLS12]: 'TLSv1.2',
  [TLS13]: 'TLSv1.3',
}

export function versionName(version: number): string {
  return NAMES[version] ?? `0x${version.toString(16).padStart(4, '0')}`
}
