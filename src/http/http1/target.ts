import type { Head } from './head.ts'

/**
 * The effective request URI as observed on this leg (RFC 9112 3.3): an absolute-form target as it is, else the scheme of the
 * connection, Host (without one the server's address, as RFC 9112 3.3 says for HTTP/1.0) and the target.
 */
export function effectiveUrl(head: Head, scheme: string, server: string | null): string {
  const { method, target } = head
  if (method === 'CONNECT') return `${scheme}://${target}`
  if (target.charCodeAt(0) !== 47 && /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(target)) return target
  const host = head.host === null || head.host === '' ? (server ?? '') : head.host
  if (target.charCodeAt(0) === 47) return `${scheme}://${host}${target}`
  // RFC 9112 3.2.4: the asterisk-form means the server as a whole.
  return target === '*' || target === '' ? `${scheme}://${host}` : `${scheme}://${host}/${target}`
}
