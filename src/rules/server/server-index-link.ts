import { links } from '../../acme/answers.ts'
import { absolute } from '../../acme/roles.ts'
import type { AcmeTraffic } from '../../acme/traffic.ts'
import { normaliseUrl } from '../../acme/urls.ts'
import { field, type HttpResponse } from '../../http/exchange.ts'
import { lostAnswer } from '../answer.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote, remembered, uncertainRole, wasAccepted } from '../scope.ts'

/** Targets of the index relation by the text of the Link fields, which is nearly always the same one. */
function indexTargets(response: HttpResponse, traffic: AcmeTraffic): readonly string[] {
  const known = remembered(traffic, newCache)
  const text = field(response.headers, 'link') ?? ''
  let targets = known.get(text)
  if (targets === undefined) {
    targets = links(response, 'index')
    known.set(text, targets)
  }
  return targets
}

function newCache(): Map<string, readonly string[]> {
  return new Map()
}

export const serverIndexLink: Rule = {
  id: 'server-index-link',
  group: 'server',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'Link rel=index on all but the directory',
  norm: 'All resources other than the directory point to it.',
  decide:
    '2xx of every ACME resource but the directory (and renewalInfo, which RFC 8555 does not know): warn if no Link has the relation index, or if it names another directory than the one in use (mixed environments, proxy host). Parse several Link headers and comma lists.',
  traps: ['Errors may lack it.'],
  unknownWhen: ['U-REDACT', 'U-GAP'],
  inPractice: { Boulder: 'Conforms', Pebble: 'Conforms', 'step-ca': 'Conforms', 'golang.org/x/crypto/acme': 'Ignored' },
  remedy: 'Server: add Link.',
  references: ['RFC 8555 §7.1'],
  why: 'A client cannot find the directory from the answer. Few need it.',
  examples: { fails: 'Link: <https://ca.example/dir>;rel="up"', passes: 'Link: <https://ca.example/dir>;rel="index"' },
  explains: { types: [], details: [] },
  judge(request, traffic) {
    const { response, resource, ca } = request
    if (
      response === null ||
      resource === 'directory' ||
      resource === 'renewalInfo' ||
      resource === 'validation' ||
      resource === 'other'
    )
      return undefined
    if (!wasAccepted(request) || uncertainRole(request) !== null) return undefined
    const lost = lostAnswer(request)
    if (lost !== null) return lost
    const directory = ca?.directoryUrl ?? null
    const targets = indexTargets(response, traffic)
    if (targets.length === 0)
      return broken(
        serverIndexLink,
        `The answer to ${request.method} ${resource} has no Link with the relation "index", which names the directory.`,
      )
    if (directory === null || targets.includes(directory)) return HOLDS
    const named = targets.map((target) => normaliseUrl(absolute(target, request.url) ?? target))
    if (named.includes(normaliseUrl(directory))) return HOLDS
    return broken(
      serverIndexLink,
      `The Link with the relation "index" names ${targets.map(quote).join(', ')}; the directory in use is ${quote(directory)}.`,
      { evidence: { index: targets, directory } },
    )
  },
}
