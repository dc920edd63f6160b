import { field, type HttpRequest } from '../http/exchange.ts'
import type { UrlBasis } from './traffic.ts'
import { authorityOf, hostOf, splitUrl } from './urls.ts'

/** Which https URLs and authorities the answers in the capture name; see clientUrl. */
export interface IssuedNames {
  readonly urls: ReadonlySet<string>
  /** Host to the authorities of https URLs with that host: in comparable form, and as written. */
  readonly httpsByHost: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export interface ClientUrl {
  readonly url: string
  readonly basis: UrlBasis
  readonly behindProxy: boolean
}

/**
 * The URL that the client asked for. Where the path was lost (RFC 7541 2.3.3) the signed URL stands in. On a leg of plain HTTP behind a TLS terminator it is the https one, when a forwarding header says so or
 * the CA names https URLs for this very host; a port that only the terminator changed is taken from those URLs.
 */
export function clientUrl(request: HttpRequest, signedUrl: string | null, issued: IssuedNames): ClientUrl {
  const observed = request.url
  if (hasNoTarget(request) && signedUrl !== null && splitUrl(signedUrl) !== null)
    return { url: signedUrl, basis: 'signed-only', behindProxy: false }
  const forwarded = forwardedFields(request)
  const behindProxy = forwarded.any
  const parts = splitUrl(observed)
  if (parts === null || parts.scheme !== 'http') return { url: observed, basis: 'observed', behindProxy }
  const authority = forwarded.host ?? parts.authority
  if (forwarded.proto === 'https')
    return {
      url: `https://${publicAuthority(authority, forwarded.port, signedUrl, issued)}${parts.rest}`,
      basis: 'forwarded',
      behindProxy,
    }
  const known = issued.httpsByHost.get(hostOf(authority))
  if (known !== undefined && !issued.urls.has(observed))
    return {
      url: `https://${publicAuthority(authority, null, signedUrl, issued)}${parts.rest}`,
      basis: 'issued',
      behindProxy: true,
    }
  if (signedUrl !== null && isTerminated(signedUrl, parts.rest)) return { url: observed, basis: 'signed-only', behindProxy: true }
  return { url: observed, basis: 'observed', behindProxy }
}

/** The path and perhaps the authority are not in the capture: requests that have nothing in common would share their URL. */
export function hasNoTarget({ target, method }: Pick<HttpRequest, 'target' | 'method'>): boolean {
  return target === '' && method !== 'CONNECT'
}

/** The signed URL is the observed one but for scheme, port and host: a terminator may name its own idea of the host, and leave no other trace. */
function isTerminated(signedUrl: string, rest: string): boolean {
  const signed = splitUrl(signedUrl)
  return signed !== null && signed.scheme === 'https' && signed.rest === rest
}

function publicAuthority(authority: string, port: string | null, signedUrl: string | null, issued: IssuedNames): string {
  const known = issued.httpsByHost.get(hostOf(authority))
  if (known !== undefined && known.size > 1) {
    // Several ports of one host: a terminator that drops the port leaves it to the signature to say which.
    const signed = signedUrl === null ? null : splitUrl(signedUrl)
    if (signed !== null && signed.scheme === 'https' && known.has(plain(signed.authority))) return signed.authority
  }
  if (known !== undefined && !known.has(plain(authority))) return known.values().next().value as string
  if (port !== null && port !== '443' && !/:\d+$/.test(authority)) return `${authority}:${port}`
  return authority
}

function plain(authority: string): string {
  return authorityOf(`https://${authority}`) ?? authority
}

interface Forwarded {
  /** A proxy has left any trace: Via (RFC 9110 7.6.3), Forwarded (RFC 7239), X-Forwarded-*. */
  readonly any: boolean
  readonly proto: string | null
  readonly host: string | null
  readonly port: string | null
}

const NOT_FORWARDED: Forwarded = { any: false, proto: null, host: null, port: null }

/** The first hop counts: it is the one that the client spoke to. */
function forwardedFields(request: HttpRequest): Forwarded {
  let any = false
  for (const [name] of request.headers) if (FORWARDING.test(name)) any = true
  if (!any) return NOT_FORWARDED
  const first = (name: string) => field(request.headers, name)?.split(',')[0]?.trim() || null
  const standard = first('forwarded') ?? ''
  const parameter = (name: string) => new RegExp(`(?:^|;)\\s*${name}="?([^";]*)"?`, 'i').exec(standard)?.[1] ?? null
  const on =
    first('x-forwarded-ssl') === 'on' || first('front-end-https') === 'on' || (first('cf-visitor') ?? '').includes('https')
  return {
    any,
    proto:
      (parameter('proto') ?? SCHEME_FIELDS.map(first).find((value) => value !== null) ?? (on ? 'https' : null))?.toLowerCase() ??
      null,
    host: parameter('host') ?? first('x-forwarded-host'),
    port: first('x-forwarded-port'),
  }
}

const SCHEME_FIELDS = ['x-forwarded-proto', 'x-forwarded-scheme', 'x-forwarded-protocol', 'x-url-scheme', 'x-scheme']

/** Fields that only proxies and load balancers add. */
const FORWARDING =
  /^(via|forwarded|x-forwarded-[\w-]+|x-(real|client)-ip|true-client-ip|x-(url-)?scheme|x-original-[\w-]+|front-end-https|cf-(ray|visitor|connecting-ip)|x-arr-[\w-]+|x-envoy-[\w-]+|x-amzn-trace-id|x-cloud-trace-context)$/i
