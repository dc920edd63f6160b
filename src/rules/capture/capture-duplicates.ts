import type { AcmeRequest, AcmeTraffic } from '../../acme/traffic.ts'
import { broken, type Rule } from '../rule.ts'
import { remembered } from '../scope.ts'

/** Requests that were captured in more than one place, the first of them, and the further places. */
function duplicatesOf({ requests }: AcmeTraffic): { first: AcmeRequest | null; requests: number; sightings: number } {
  const seenTwice = requests.filter(({ alsoSeen }) => alsoSeen.length > 0)
  const sightings = seenTwice.reduce((sum, { alsoSeen }) => sum + alsoSeen.length, 0)
  return { first: seenTwice[0] ?? null, requests: seenTwice.length, sightings }
}

export const captureDuplicates: Rule = {
  id: 'capture-duplicates',
  group: 'capture',
  party: 'capture',
  severity: 'info',
  level: 'capture',
  tier: 1,
  title: 'Packets captured more than once',
  norm: 'What was captured twice is one request, and is judged once.',
  decide:
    'Requests with the same bytes and the same answer on two interfaces, on both sides of an address translation or a proxy, or in two overlapping files. Said once, of the first such request, with their number.',
  traps: ['A request that was really sent twice gets another answer; see jws-resent-verbatim.'],
  unknownWhen: [],
  inPractice: {},
  remedy: 'Nothing to do.',
  references: [],
  why: 'Counted twice, every request would look as if its nonce had been used before.',
  explains: { types: [], details: [] },
  judge(request, traffic) {
    if (request.alsoSeen.length === 0) return undefined
    const { first, requests, sightings } = remembered(traffic, duplicatesOf)
    if (request !== first) return undefined
    const number = requests === 1 ? 'One request was' : `${requests} requests were`
    const places = sightings === 1 ? 'one further sighting is' : `${sightings} further sightings are`
    return broken(
      captureDuplicates,
      `${number} captured in more than one place. They are counted once: the ${places} no second use of a nonce.`,
      { evidence: { requests, sightings } },
    )
  },
}
