import type { Report } from '../../src/report/report.ts'

/** A value as it could stand in an output, worked out from the value and not from the output as the program does it. */
export function formsOf(value: string): string[] {
  const octets = Buffer.from(value)
  const forms = new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), escapeXml(value)])
  forms.add([...octets].map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`).join(''))
  // wherever it begins within the three octets that four characters hold
  for (const shift of [0, 1, 2]) {
    const whole = Buffer.concat([Buffer.alloc(shift), octets]).toString('base64')
    const first = shift === 0 ? 0 : shift + 1
    const last = Math.floor(((shift + octets.length) * 8) / 6)
    const inner = whole.slice(first, last)
    forms.add(inner).add(inner.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return [...forms]
}

function escapeXml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** The values that stand in a text in any form. */
export function leaksOf(text: string, values: ReadonlySet<string>): string[] {
  return [...values].filter((value) => formsOf(value).some((form) => text.includes(form)))
}

/** What a report shows of whose traffic it is: hosts, URLs and their parts, addresses, nonces, kids, keys, contacts, names of files. */
export function privateValues(report: Report): Set<string> {
  const values = new Set<string>()
  const add = (value: unknown) => {
    if (typeof value === 'string' && value.length >= 6 && !/^(?:[a-z]+|127\.0\.0\.1.*|\[::1\].*)$/i.test(value)) values.add(value)
  }
  const url = (text: unknown) => {
    const parts = typeof text === 'string' ? /^https?:\/\/([^/]*)(.*)$/.exec(text) : null
    if (parts === null) return
    add(parts[1]?.replace(/:\d+$/, ''))
    for (const segment of parts[2]?.split(/[/?&=]/) ?? []) if (/\d/.test(segment) && segment.length >= 8) add(segment)
  }
  for (const { name, comments } of report.inputs) for (const text of [name, ...comments.map((comment) => comment.text)]) add(text)
  for (const { client, server, tls } of report.connections) {
    for (const end of [client, server]) add(end?.replace(/:\d+$/, '').replace(/[[\]]/g, ''))
    add(tls?.serverName)
  }
  const deep = (value: unknown): void => {
    if (typeof value === 'object' && value !== null)
      for (const [name, item] of Object.entries(value)) {
        if (
          ['nonce', 'kid', 'n', 'x', 'y', 'csr', 'certificate', 'signature', 'protected', 'contact', 'value', 'token'].includes(
            name,
          )
        )
          for (const one of [item].flat()) add(one)
        if (name === 'url' || name === 'kid') url(item)
        deep(item)
      }
  }
  for (const { url: own, account, key, response, protected: header, payload } of report.requests) {
    for (const one of [own, account, response?.location]) url(one)
    add(key?.thumbprint)
    add(response?.replayNonce)
    deep(header)
    deep(payload)
  }
  for (const { identifiers } of report.orders) for (const { value } of identifiers) add(value)
  return values
}
