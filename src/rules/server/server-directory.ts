import { authorityOf, hostOf, splitUrl } from '../../acme/urls.ts'
import { isObject, type JsonObject } from '../../jose/json-object.ts'
import { lostContent } from '../answer.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote, uncertainRole, wasAccepted } from '../scope.ts'

const NEEDED = ['newAccount', 'newOrder', 'revokeCert', 'keyChange']
const META: Readonly<Record<string, (value: unknown) => boolean>> = {
  termsOfService: (value) => typeof value === 'string',
  website: (value) => typeof value === 'string',
  caaIdentities: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  externalAccountRequired: (value) => typeof value === 'boolean',
}

/** Members with a type other than RFC 8555 7.1.1 gives them. */
function flawsOf(directory: JsonObject): string[] {
  const flaws: string[] = []
  if (directory.newNonce === undefined) flaws.push('newNonce is missing')
  for (const name of ['newNonce', 'newAuthz', ...NEEDED])
    if (directory[name] !== undefined && (typeof directory[name] !== 'string' || splitUrl(directory[name]) === null))
      flaws.push(`${name} ${quote(directory[name])} is no absolute URL`)
  const { meta } = directory
  if (meta === undefined) return flaws
  if (!isObject(meta)) return [...flaws, `meta is ${quote(meta)}, no object`]
  for (const [name, test] of Object.entries(META))
    if (meta[name] !== undefined && !test(meta[name])) flaws.push(`meta.${name} is ${quote(meta[name])}`)
  return flaws
}

/** Names and addresses that only a site itself can reach. */
const INTERNAL =
  /^(localhost|[^.:]+|.*\.(local|internal|localdomain|svc|cluster)|127\..*|10\..*|192\.168\..*|172\.(1[6-9]|2\d|3[01])\..*)$/

export const serverDirectory: Rule = {
  id: 'server-directory',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'Directory is complete and consistent',
  norm: 'JSON object with newNonce, newAccount, newOrder, revokeCert, keyChange as absolute https URLs, newAuthz omitted if unsupported, meta well typed; reachable by unauthenticated GET.',
  decide:
    '2xx to GET directory. A JSON object whose resource members are absolute URLs, meta an object with members of their types, newNonce there: else error. Another resource missing (newAuthz is optional), or URLs with http or an internal host though the directory has a public https one: warning. URLs at another public host: info. Unknown members are ignored; Boulder adds a random one.',
  traps: ['Several directories (one per role/provisioner) are fine.'],
  unknownWhen: ['U-RESP', 'U-GAP'],
  inPractice: {
    Boulder: 'Adds one random key on purpose',
    Pebble: 'Conforms',
    'step-ca': 'Host from request; lists keyChange though unimplemented',
    'golang.org/x/crypto/acme': "Needs newOrder, else 'pre-RFC' error",
  },
  remedy: 'Server/proxy: set the public URL.',
  references: ['RFC 8555 §7.1.1', 'RFC 8555 §6.3', 'RFC 8555 §9.7.5'],
  why: 'Everything a client does begins with these URLs.',
  examples: {
    fails: '{"newNonce": "https://ca.example/newNonce"}',
    passes:
      '{"newNonce": "https://ca.example/newNonce", "newAccount": "https://ca.example/newAccount", "newOrder": "https://ca.example/newOrder", "revokeCert": "https://ca.example/revokeCert", "keyChange": "https://ca.example/keyChange"}',
  },
  explains: { types: [], details: [] },
  resources: ['directory'],
  judge(request) {
    if (request.method !== 'GET') return undefined
    if (request.response === null) return unknown('U-RESP', 'the answer is not in the capture')
    if (!wasAccepted(request) || uncertainRole(request) !== null) return undefined
    const lost = lostContent(request)
    if (lost !== null) return lost
    const { answer } = request
    if (!isObject(answer))
      return broken(serverDirectory, 'The directory is no JSON object.', { evidence: { status: request.response.status } })
    const flaws = flawsOf(answer)
    if (flaws.length > 0) return broken(serverDirectory, `In the directory ${flaws.join('; ')}.`, { evidence: { flaws } })
    const missing = NEEDED.filter((name) => answer[name] === undefined)
    const own = splitUrl(request.url)
    const urls = ['newNonce', ...NEEDED].map((name) => answer[name]).filter((url) => typeof url === 'string')
    const elsewhere = urls.filter((url) => authorityOf(url) !== authorityOf(request.url))
    const isPublic = own !== null && own.scheme === 'https' && !INTERNAL.test(hostOf(own.authority))
    const unreachable = isPublic
      ? elsewhere
          .concat(urls)
          .filter((url) => splitUrl(url)?.scheme !== 'https' || INTERNAL.test(hostOf(splitUrl(url)?.authority ?? '')))
      : []
    if (missing.length > 0 || unreachable.length > 0) {
      const words = [
        missing.length > 0 ? `has no ${missing.join(', ')}` : '',
        unreachable.length > 0
          ? `names ${quote(unreachable[0])}, which is not public, though it is itself at ${quote(request.url)}`
          : '',
      ]
      return broken(serverDirectory, `The directory ${words.filter((each) => each !== '').join(' and ')}.`, {
        severity: 'warning',
        evidence: { missing, unreachable: [...new Set(unreachable)] },
      })
    }
    if (elsewhere.length === 0) return HOLDS
    return broken(
      serverDirectory,
      `The directory at ${quote(request.url)} names resources at another host: ${quote(elsewhere[0])}.`,
      { severity: 'info', evidence: { elsewhere } },
    )
  },
}
