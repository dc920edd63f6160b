import { isRefused } from '../../report/conduct.ts'
import { isRead } from './roles.ts'
import type { AccountLane, Lane, OrderLane, Step } from './steps.ts'

/** Two that belong together; one of them may be missing. */
export interface Pair<T> {
  readonly good: T | null
  readonly bad: T | null
}

/** More cells than this are not worth their memory: such lanes are paired in their order. */
const MAX_CELLS = 4_000_000

/** Steps of two lanes in order, as many as possible beside their like. */
export function alignSteps(good: readonly Step[], bad: readonly Step[]): Pair<Step>[] {
  let head = 0
  while (head < good.length && head < bad.length && isAlike(good[head] as Step, bad[head] as Step)) head++
  const pairs: Pair<Step>[] = good.slice(0, head).map((step, at) => ({ good: step, bad: bad[at] ?? null }))
  return [...pairs, ...alignRest(good.slice(head), bad.slice(head))]
}

function isAlike(a: Step, b: Step): boolean {
  return a.role === b.role && isRefused(a.last.request) === isRefused(b.last.request)
}

/** Of all ways to pair them in order the one with the highest sum (Needleman and Wunsch 1970, gaps cost nothing). */
function alignRest(good: readonly Step[], bad: readonly Step[]): Pair<Step>[] {
  if (good.length * bad.length > MAX_CELLS) return zip(good, bad)
  const width = bad.length + 1
  const best = new Uint32Array((good.length + 1) * width)
  const at = (g: number, b: number) => best[g * width + b] ?? 0
  for (let g = good.length - 1; g >= 0; g--)
    for (let b = bad.length - 1; b >= 0; b--) {
      const likeness = likenessOf(good[g] as Step, bad[b] as Step)
      const together = likeness === 0 ? 0 : likeness + at(g + 1, b + 1)
      best[g * width + b] = Math.max(together, at(g + 1, b), at(g, b + 1))
    }
  const pairs: Pair<Step>[] = []
  let g = 0
  let b = 0
  while (g < good.length && b < bad.length) {
    const [a, c] = [good[g] as Step, bad[b] as Step]
    const likeness = likenessOf(a, c)
    if (likeness > 0 && at(g, b) === likeness + at(g + 1, b + 1)) {
      pairs.push({ good: a, bad: c })
      g++
      b++
    } else if (at(g + 1, b) >= at(g, b + 1)) {
      pairs.push({ good: a, bad: null })
      g++
    } else {
      pairs.push({ good: null, bad: c })
      b++
    }
  }
  return [...pairs, ...zip(good.slice(g), [], true), ...zip([], bad.slice(b), true)]
}

function zip(good: readonly Step[], bad: readonly Step[], alone = false): Pair<Step>[] {
  const pairs: Pair<Step>[] = []
  for (let at = 0; at < Math.max(good.length, bad.length); at++) {
    const [a, b] = [good[at] ?? null, bad[at] ?? null]
    if (alone || a === null || b === null || likenessOf(a, b) > 0) pairs.push({ good: a, bad: b })
    else pairs.push({ good: a, bad: null }, { good: null, bad: b })
  }
  return pairs
}

function likenessOf(a: Step, b: Step): number {
  if (a.role === b.role) return isAlike(a, b) ? 5 : 4
  const { resource } = a.last.request
  if (resource !== b.last.request.resource) return 0
  // a response to a challenge without its payload is a read by mistake; of other objects reads are no attempt to change them
  return resource === 'challenge' || isRead(a.role) === isRead(b.role) ? 2 : 0
}

/** Accounts with the same key belong together, the others in the order in which they appear. */
export function pairAccounts(good: readonly AccountLane[], bad: readonly AccountLane[]): Pair<AccountLane>[] {
  return pairBy(good, bad, ({ thumbprint }) => thumbprint)
}

/** Orders for the same names belong together, the others in the order in which they appear. */
export function pairOrders(good: readonly OrderLane[], bad: readonly OrderLane[]): Pair<OrderLane>[] {
  return pairBy(good, bad, ({ identifiers }) => (identifiers === '' ? null : identifiers))
}

/** Authorizations by the identifier in their name. */
export function pairAuthorizations(good: readonly Lane[], bad: readonly Lane[]): Pair<Lane>[] {
  return pairBy(good, bad, ({ name }) => name)
}

function pairBy<T>(good: readonly T[], bad: readonly T[], key: (one: T) => string | null): Pair<T>[] {
  const waiting = new Map<string, T[]>()
  for (const one of bad) {
    const name = key(one)
    if (name === null) continue
    const same = waiting.get(name)
    if (same === undefined) waiting.set(name, [one])
    else same.push(one)
  }
  const partner = new Map<T, T>()
  for (const one of good) {
    const found = waiting.get(key(one) ?? '')?.shift()
    if (found !== undefined) partner.set(one, found)
  }
  const taken = new Set(partner.values())
  const free = bad.filter((one) => !taken.has(one)).values()
  const pairs: Pair<T>[] = good.map((one) => ({ good: one, bad: partner.get(one) ?? free.next().value ?? null }))
  for (const one of free) pairs.push({ good: null, bad: one })
  return pairs
}
