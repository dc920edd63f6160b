import type { Message } from './message.ts'

/** Requests of one connection that may wait for their answers; more means that the answers were not captured. */
export const MAX_PENDING = 1024
/** Responses that may wait for requests that are handed on after them. */
export const MAX_EARLY = 256

/** A request and the response to it. */
export interface Pair {
  request: Message | null
  response: Message | null
  interim: readonly number[]
  /** Nothing will be added any more to what is missing. */
  settled: boolean
  /** Messages of the same direction may be missing right before the request, or before the response. */
  readonly lostBefore: boolean
  /** What belongs together is not certain yet. */
  doubtful: boolean
}

/**
 * Finds the request that a response answers. RFC 9112 9.3.2: responses come in the order of the requests. The two directions
 * reach us in any order, because the layers below wait for what was captured late; so time decides what order does not: a
 * response begins after its request. After a loss order proves nothing. Then a response is taken to answer the last request
 * before it, on a client that was never seen to pipeline, and only once the next request shows that none is missing between.
 * What remains doubtful is left unpaired.
 */
export class Pairing {
  readonly #done: (pair: Pair) => void
  /** Requests without response, oldest first. */
  #pending: Pair[] = []
  /** Responses for which no request has come, oldest first. */
  #early: Pair[] = []
  /** The pair that the next request will confirm or part. */
  #doubtful: Pair | null = null
  /** A request was sent before the response to the one before it. */
  #pipelines = false
  #requestsLost = false
  #responsesLost = false
  /** All responses that are missing were sent before the capture began. */
  #joined = false
  /** Pairs of the messages that are being read. */
  #asking: Pair | null = null
  #answering: Pair | null = null
  /** The order no longer tells which response belongs to which request. */
  #outOfStep = false
  /** Time of the last response that could not wait any longer. */
  #lastDropped = Number.NEGATIVE_INFINITY

  /** `done` takes each pair once nothing more will be added to it. */
  constructor(done: (pair: Pair) => void) {
    this.#done = done
  }

  /** A new request; returns its response when that was handed on before. */
  requestOpened(request: Message): Message | null {
    this.#asking = this.#pairOf(request, this.#requestsLost)
    this.#requestsLost = false
    return this.#asking.response
  }

  requestClosed(): void {
    const pair = this.#asking
    this.#asking = null
    if (pair !== null) this.#changed(pair)
  }

  #pairOf(request: Message, lostBefore: boolean): Pair {
    const moved = this.#review(request, lostBefore)
    if (moved !== null) return moved
    const early = this.#takeEarly(request)
    if (early !== null) return early
    const before = this.#pending[this.#pending.length - 1]?.request
    // No client gets an answer within the segment of its request.
    if (before !== undefined && before !== null && request.time <= before.endTime) this.#pipelines = true
    const settled = this.#outOfStep || request.time < this.#lastDropped
    const pair: Pair = { request, response: null, interim: [], settled, lostBefore, doubtful: false }
    if (!settled) this.#pending.push(pair)
    if (this.#pending.length > MAX_PENDING) this.#loseStep()
    return pair
  }

  /** What a request says about the pair that is in doubt; the pair when its response turns out to be that request's. */
  #review(request: Message, lostBefore: boolean): Pair | null {
    const pair = this.#doubtful
    if (pair === null || pair.response === null) return null
    if (pair.response.time > request.time) {
      // Sent before the response began, and after the request that was thought to be answered.
      this.#alone(pair.request)
      pair.request = request
      return pair
    }
    if (lostBefore) this.#part(pair)
    else this.#confirm(pair)
    return null
  }

  /** The oldest response that was handed on before its request. */
  #takeEarly(request: Message): Pair | null {
    for (let pair = this.#early[0]; pair !== undefined; pair = this.#early[0]) {
      this.#early.shift()
      if (pair.response !== null && pair.response.time > request.time) {
        pair.request = request
        if (pair.lostBefore) this.#doubt(pair)
        return pair
      }
      this.#settle(pair)
    }
    return null
  }

  /** A new final response, after interim ones; returns its request, null when none can be told or none has come yet. */
  responseOpened(response: Message, interim: readonly number[]): Message | null {
    const lostBefore = this.#responsesLost
    this.#responsesLost = false
    if (lostBefore && this.#pipelines) this.#loseStep()
    const pair = (lostBefore ? this.#takeLast(response) : this.#takeFirst(response)) ?? this.#wait(response, lostBefore)
    pair.response = response
    pair.interim = interim
    this.#answering = pair
    return pair.request
  }

  responseClosed(): void {
    const pair = this.#answering
    this.#answering = null
    if (pair !== null) this.#changed(pair)
  }

  #wait(response: Message, lostBefore: boolean): Pair {
    // 101 cannot wait: what follows it must go somewhere at once.
    const settled = this.#outOfStep || this.#pending.length > 0 || response.head.status === 101
    const alone: Pair = { request: null, response, interim: [], settled, lostBefore, doubtful: false }
    if (!settled) this.#early.push(alone)
    if (this.#early.length > MAX_EARLY) this.#dropEarly()
    return alone
  }

  /** In step: the oldest request that waits. */
  #takeFirst(response: Message): Pair | null {
    const [oldest, next] = this.#pending
    if (oldest === undefined || !isBefore(oldest, response)) return null
    if (oldest.lostBefore && this.#pipelines) {
      this.#loseStep()
      return null
    }
    if (next !== undefined && isBefore(next, response)) this.#pipelines = true
    this.#pending.shift()
    return oldest
  }

  /** Responses are missing before this one: the last request sent before it. */
  #takeLast(response: Message): Pair | null {
    let last: Pair | null = null
    for (let next = this.#pending[0]; next !== undefined && isBefore(next, response); next = this.#pending[0]) {
      if (last !== null) this.#settle(last)
      last = next
      this.#pending.shift()
    }
    const next = this.#pending[0]
    if (last !== null && next?.lostBefore === true) {
      this.#settle(last)
      return null
    }
    // The next request will tell, if it has not come yet; a tunnel cannot wait for it.
    if (last !== null && next === undefined && last.request?.parks !== true) this.#doubt(last)
    return last
  }

  /** `joined`: what is missing was sent before the capture began, and so before all that was captured. */
  requestsLost(joined: boolean): void {
    if (!joined) this.#requestsLost = true
  }

  responsesLost(joined: boolean): void {
    this.#responsesLost = true
    this.#joined = joined
  }

  #changed(pair: Pair): void {
    const { request, response, settled, doubtful } = pair
    if (doubtful || (request === null ? !settled : !request.ended)) return
    if (response === null ? settled : response.ended) this.#done(pair)
  }

  #settle(pair: Pair): void {
    pair.settled = true
    this.#changed(pair)
  }

  #doubt(pair: Pair): void {
    if (this.#doubtful !== null) this.#part(this.#doubtful)
    pair.doubtful = true
    this.#doubtful = pair
  }

  #confirm(pair: Pair): void {
    this.#doubtful = null
    pair.doubtful = false
    this.#changed(pair)
  }

  /** A request may be missing between the two: neither is known to belong to the other. */
  #part(pair: Pair): void {
    this.#alone(pair.request)
    pair.request = null
    pair.settled = true
    this.#confirm(pair)
  }

  /** A request that gets no answer. */
  #alone(request: Message | null): void {
    if (request === null) return
    const pair: Pair = { request, response: null, interim: [], settled: true, lostBefore: false, doubtful: false }
    if (!request.ended) this.#asking = pair
    this.#changed(pair)
  }

  #loseStep(): void {
    this.#outOfStep = true
    this.#giveUp()
  }

  #dropEarly(): void {
    const pair = this.#early.shift()
    if (pair === undefined) return
    if (pair.response !== null) this.#lastDropped = pair.response.time
    this.#settle(pair)
  }

  /** What waits gets no counterpart. */
  #giveUp(): void {
    const waiting = [...this.#early, ...this.#pending]
    this.#early = []
    this.#pending = []
    for (const pair of waiting) this.#settle(pair)
  }

  /** Nothing follows on the connection; `complete` when all that the client sent was captured. */
  end(complete: boolean): void {
    if (this.#doubtful !== null) {
      if ((complete || this.#joined) && !this.#requestsLost) this.#confirm(this.#doubtful)
      else this.#part(this.#doubtful)
    }
    // Giving up CONNECT may bring forth requests that were held back as octets of a tunnel.
    while (this.#pending.length + this.#early.length > 0) this.#giveUp()
  }
}

function isBefore({ request }: Pair, response: Message): boolean {
  return request !== null && request.time <= response.time
}
