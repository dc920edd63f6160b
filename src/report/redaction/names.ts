import type { Category } from './categories.ts'
import { hexOf, type Pseudonyms } from './pseudonyms.ts'
import { isPlainWords } from './words.ts'

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/
/** Addresses that every machine has. */
const OWN = /^(?:127\.[\d.]+|0\.0\.0\.0|::1|::)$/
/** Labels that say what a name is for, not whose it is (RFC 8555 8.4, RFC 8552). */
const SERVICE_LABEL = /^(?:\*|_acme-challenge|_validation-persist|_tcp|_udp|_https?|arpa|in-addr|ip6)$/i
/** Names that RFC 6761 and RFC 2606 keep for everybody. */
const NOBODYS = /^(?:localhost|unknown\.invalid)$/i

export function isAddress(text: string): boolean {
  return IPV4.test(text) || isIpv6(text)
}

/** RFC 4291 2.2: eight groups, the last two perhaps as IPv4, or fewer with one "::"; a time of day is none. */
function isIpv6(text: string): boolean {
  if (text.length > 60 || !/^[0-9a-f:]+(?:[0-9.]+)?(?:%\w+)?$/i.test(text)) return false
  const halves = text
    .replace(/%.*$/, '')
    .replace(/(?:\d{1,3}\.){3}\d{1,3}$/, '0:0')
    .split('::')
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false
  return halves.length === 2 ? groups.length < 8 : halves.length === 1 && groups.length === 8
}

/** At least two labels, the last one no number. */
export function isDomainName(text: string): boolean {
  return text.length <= 255 && /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]\.?$/i.test(text)
}

/** Hides names and keeps their structure: labels of a host, segments of a path, which address is which. */
export class Names {
  readonly #pseudonyms: Pseudonyms
  readonly #identifiers = new Set<string>()
  /** Names that were hidden, and those above them, in lower case. */
  readonly #seen = new Set<string>()

  constructor(pseudonyms: Pseudonyms) {
    this.#pseudonyms = pseudonyms
  }

  /** A name, or an address, that somebody asks a certificate for: it and what lies under it are then identifiers wherever they stand. */
  learnIdentifier(name: string): void {
    this.#identifiers.add(plain(name))
  }

  /** The category of a host, by whether certificates are asked for it. */
  #categoryOf(name: string): Category {
    for (let rest = plain(name); ; ) {
      if (this.#identifiers.has(rest)) return 'identifier'
      const dot = rest.indexOf('.')
      if (dot < 0) return 'host'
      rest = rest.slice(dot + 1)
    }
  }

  /** A host name or an address, with or without brackets. */
  host(name: string): string {
    if (name === '' || NOBODYS.test(name)) return name
    const bare = /^\[(.*)\]$/.exec(name)?.[1]
    if (bare !== undefined) return `[${this.address(bare)}]`
    if (isAddress(name)) return this.address(name)
    this.#see(name)
    return this.#pseudonyms.hide(this.#categoryOf(name), name, this.#labels(name))
  }

  #see(name: string): void {
    for (let rest = plain(name); rest.includes('.') && !this.#seen.has(rest); rest = rest.slice(rest.indexOf('.') + 1))
      this.#seen.add(rest)
  }

  /** The name, one above or one below it was hidden before. */
  isSeen(name: string): boolean {
    for (let rest = plain(name); rest.includes('.'); rest = rest.slice(rest.indexOf('.') + 1))
      if (this.#seen.has(rest)) return true
    return false
  }

  /** Each label by itself and all above it: what two names have in common stays visible, and nothing else does. */
  #labels(name: string): string {
    const labels = name.split('.')
    const last = labels.at(-1) === '' ? labels.length - 2 : labels.length - 1
    return labels
      .map((label, at) => {
        if (label === '' || SERVICE_LABEL.test(label)) return label
        if (at === last && last > 0) return 'example'
        const suffix = labels.slice(at).join('.').toLowerCase()
        const pseudonym = this.#pseudonyms.unique('label', suffix, (digest) => `n${hexOf(digest, 8)}`)
        // a name in another letter case is another text for the same name
        return label === label.toLowerCase() ? pseudonym : pseudonym.toUpperCase()
      })
      .join('.')
  }

  /** Addresses that no network uses (RFC 1112 4) and that documentation uses (RFC 3849) stand for others. */
  address(text: string): string {
    if (OWN.test(text)) return text
    const category = this.#identifiers.has(plain(text)) ? 'identifier' : 'address'
    const pseudonym = this.#pseudonyms.unique('address', text.toLowerCase(), (digest) => {
      const [a = 0, b = 0, c = 0, d = 0] = digest
      if (IPV4.test(text)) return `${240 + (a & 7)}.${b}.${c}.${d}`
      const hex = hexOf(digest, 16)
      return `2001:db8:${hex
        .match(/.{4}/g)
        ?.map((group) => (Number.parseInt(group, 16) | 0x1000).toString(16))
        .join(':')}:0:1`
    })
    return this.#pseudonyms.hide(category, text, pseudonym)
  }

  /** "host", "host:port", "[address]:port": ports are kept. */
  endpoint(text: string): string {
    const parts = /^(\[[^\]]*\]|[^:]*)(:\d*)?$/.exec(text)
    if (parts === null) return this.host(text)
    return this.host(parts[1] ?? '') + (parts[2] ?? '')
  }

  /** An absolute URL, or the path of one. What is in front of the host besides the scheme (RFC 3986 3.2.1) is removed. */
  url(text: string): string {
    const parts = /^([a-z][a-z0-9+.-]*:\/\/)(?:([^/?#@]*)@)?(\[[^\]]*\]|[^/?#:]*)(:\d*)?([^?#]*)(\?[^#]*)?(#.*)?$/is.exec(text)
    if (parts === null) return this.#path(text)
    const [, scheme = '', user, host = '', port = '', path = '', query = '', fragment = ''] = parts
    if (user !== undefined) for (const part of [user, ...user.split(':')]) this.#pseudonyms.note('authorization', part)
    return scheme + (user === undefined ? '' : 'removed@') + this.host(host) + port + this.#path(path + query + fragment)
  }

  #path(text: string): string {
    const [, path = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text) ?? []
    let isToken = false
    const segments = path.split('/').map((segment) => {
      const shown = isToken ? this.token(segment) : this.#segment(segment)
      isToken = segment === 'acme-challenge'
      return shown
    })
    return segments.join('/') + this.#parameters(query) + (fragment === '' ? '' : `#${this.part(fragment.slice(1))}`)
  }

  #segment(segment: string): string {
    // the parts of a certificate's identifier (RFC 9773 4.1) are joined by a dot, file names have endings
    return segment === '.well-known'
      ? segment
      : segment
          .split('.')
          .map((part) => this.part(part))
          .join('.')
  }

  #parameters(query: string): string {
    return query.replace(/[^?&=]+/g, (part) => this.part(part))
  }

  /** One word of a path: kept when it is plain ACME. */
  part(part: string): string {
    if (part === '' || isPlainWords(part)) return part
    const known = this.#pseudonyms.known(part)?.pseudonym
    if (known != null && !known.includes('.')) return known
    return this.#pseudonyms.hide('url', part, this.#word(part))
  }

  /** Another spelling of the same segment (RFC 3986 6.2.2.2) stays another spelling of the same pseudonym. */
  #word(part: string): string {
    const plain = part.replace(/%[0-9a-f]{2}/gi, (octet) => {
      const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16))
      return /[\w.~-]/.test(character) ? character : octet.toUpperCase()
    })
    const word = this.#pseudonyms.word('id', plain)
    return plain === part ? word : `%69${word.slice(1)}`
  }

  /** A challenge token (RFC 8555 8.1), and the key authorization that begins with it. */
  token(text: string): string {
    const [token = '', thumbprint, ...more] = text.split('.')
    if (thumbprint !== undefined && more.length === 0 && token !== '') {
      this.#pseudonyms.note('token', text)
      return `${this.token(token)}.${this.thumbprint(thumbprint)}`
    }
    return text === '' ? text : this.#pseudonyms.hide('token', text, this.#pseudonyms.word('token', text))
  }

  thumbprint(text: string): string {
    return this.#pseudonyms.hide('key', text, this.#pseudonyms.word('thumb', text))
  }

  /** A contact URL of an account (RFC 8555 7.3): the scheme, the commas and the question mark of mailto (RFC 6068) are kept. */
  contact(text: string): string {
    if (this.#pseudonyms.keep.has('contact')) return text
    const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:)?(.*)$/is.exec(text) ?? []
    const pseudonym = scheme + rest.replace(/[^,?&=;\s]+/g, (part) => this.#address(part))
    return pseudonym === text ? text : this.#pseudonyms.hide('contact', text, pseudonym)
  }

  #address(part: string): string {
    const at = part.lastIndexOf('@')
    const word = (original: string) => this.#pseudonyms.hide('contact', original, this.#pseudonyms.word('person', original))
    if (at < 0) return word(part)
    const host = part.slice(at + 1)
    const pseudonym = `${word(part.slice(0, at))}@${this.host(host)}`
    return this.#pseudonyms.hide('contact', part, pseudonym)
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/^\*\./, '').replace(/\.$/, '')
}
