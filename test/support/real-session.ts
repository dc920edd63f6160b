import { ACME_BODIES, AcmeCollector } from '../../src/acme/recognise.ts'
import type { Header, HttpExchange } from '../../src/http/exchange.ts'
import { readInputs } from '../../src/read.ts'
import { type Bend, type Key, Session } from './session.ts'

/** What the real clients and servers of a flow sent; a recording whose host has no port in its URLs is made of it. */
const FLOW = await readFlow('samples/honest-certbot')
const RECORDED = 'https://ca.acme-lab.test:14000'

/**
 * A session that is a real flow, changed: directory, registration, orders and the header fields of both sides are those of certbot and
 * pebble, on another host; everything signed is signed anew, by the key of the test.
 */
export class RealSession extends Session {
  #orders = 0
  /** That of the recorded client until a test says otherwise. */
  override userAgent = ''

  constructor(origin = 'https://ca.acme-lab.test') {
    const document = answerTo('GET', '/dir')
    super(
      origin,
      Object.fromEntries(Object.entries(moved(document, origin)).filter(([, url]) => typeof url === 'string')) as never,
    )
  }

  override directory(more: Parameters<Session['directory']>[0] = {}): HttpExchange {
    return super.directory({ ...more, members: { ...moved(answerTo('GET', '/dir'), this.origin), ...more.members } })
  }

  override register(key: Key, more: Partial<Bend> = {}): string {
    const location = moved(fieldOf('POST', '/sign-me-up', 'location'), this.origin).replace(/\w+$/, key.name)
    const answer = moved(answerTo('POST', '/sign-me-up'), this.origin)
    super.register(key, { answer, answerHeaders: [['Location', location]], ...more })
    key.kid = location
    return location
  }

  override order(key: Key, names: readonly string[] = ['www.example'], more: Partial<Bend> = {}) {
    const made = ++this.#orders
    const identifiers = names.map((value) => ({ type: 'dns', value }))
    const answer = moved(answerTo('POST', '/order-plz'), this.origin) as { authorizations: string[]; finalize: string }
    const own = (url: string) => `${url}${made}`
    const urls = {
      order: own(moved(fieldOf('POST', '/order-plz', 'location'), this.origin)),
      finalize: own(answer.finalize),
      authorization: own(answer.authorizations[0] ?? ''),
      challenge: own(`${this.origin}/chalZ/`),
      certificate: own(`${this.origin}/certZ/`),
    }
    const object = {
      ...answer,
      status: 'pending',
      expires: '2026-01-08T00:00:00Z',
      identifiers,
      authorizations: [urls.authorization],
      finalize: urls.finalize,
    }
    this.post(
      key,
      'newOrder',
      { identifiers },
      { status: 201, answer: object, answerHeaders: [['Location', urls.order]], ...more },
    )
    return { ...urls, object }
  }

  protected override clientHeaders(): readonly Header[] {
    const { headers } = exchangeOf('POST', '/sign-me-up').request ?? { headers: [] }
    if (this.userAgent === '') this.userAgent = headers.find(([name]) => name.toLowerCase() === 'user-agent')?.[1] ?? ''
    return [['User-Agent', this.userAgent], ...without(headers, ['host', 'user-agent', 'content-type', 'content-length'])]
  }

  protected override serverHeaders(): readonly Header[] {
    const { headers } = exchangeOf('POST', '/sign-me-up').response ?? { headers: [] }
    const kept = without(headers, ['replay-nonce', 'location', 'content-type', 'content-length', 'date'])
    return kept.map(([name, value]): Header => [name, value.replaceAll(RECORDED, this.origin)])
  }
}

async function readFlow(stem: string): Promise<readonly HttpExchange[]> {
  const collector = new AcmeCollector()
  const options = { keyLogs: [`${stem}.keys`], tlsKeys: [], crossCheck: false, hash: false }
  await readInputs([`${stem}.pcap`], options, { policy: ACME_BODIES, sink: collector })
  collector.end()
  return collector.exchanges
}

function exchangeOf(method: string, path: string): HttpExchange {
  const found = FLOW.find(({ request }) => request?.method === method && request.target === path)
  if (found === undefined) throw new Error(`the flow has no ${method} ${path}`)
  return found
}

function answerTo(method: string, path: string): Record<string, unknown> {
  const bytes = exchangeOf(method, path).response?.body.bytes ?? new Uint8Array()
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
}

function fieldOf(method: string, path: string, name: string): string {
  const found = exchangeOf(method, path).response?.headers.find(([field]) => field.toLowerCase() === name)
  if (found === undefined) throw new Error(`${method} ${path} was answered without ${name}`)
  return found[1]
}

/** The same with the URLs of another origin. */
function moved<T>(value: T, origin: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll(RECORDED, origin)) as T
}

function without(headers: readonly Header[], names: readonly string[]): Header[] {
  return headers.filter(([name]) => !names.includes(name.toLowerCase()))
}
