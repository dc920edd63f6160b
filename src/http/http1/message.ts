import type { Damage, DamageKind } from '../../core/damage.ts'
import { DamageLog } from '../../core/damage.ts'
import type { Micros } from '../../core/time.ts'
import { pooledCopy } from '../../platform/octets.ts'
import type { Mark, Origin } from '../../tcp/connection.ts'
import { finishBody } from '../body.ts'
import type { Body, Header, HttpRequest, HttpResponse } from '../exchange.ts'
import { OctetBuffer } from '../octet-buffer.ts'
import type { BodyFraming, Framing } from './framing.ts'
import { codingNames } from './framing.ts'
import type { Head } from './head.ts'

/** Frames listed for one message; of a longer body the first ones and the last are kept. */
export const MAX_FRAMES = 4096

const NONE: readonly never[] = []

/** One message while it is being read. */
export class Message {
  readonly head: Head
  readonly input: number
  readonly time: Micros
  endTime: Micros
  frames: readonly number[]
  trailers: readonly Header[] = NONE
  framing: Framing = 'none'
  /** Transfer codings besides chunked. */
  codings: readonly string[] = NONE
  /** Octets of content to keep. */
  keep = 0
  /** Octets of content on the wire: as declared, or counted so far. */
  size = 0
  /** False when the size cannot be told because octets are missing. */
  sized = true
  /** Nothing more belongs to it. */
  ended = false
  /** The head itself is incomplete. */
  cut = false
  /** The request is unknown and may have been HEAD, so that the body which the head describes may not be there. */
  mayLackBody = false
  /** What follows it may be another protocol's. */
  parks = false
  /** Every octet of its content was seen. */
  whole = true
  #ownFrames: number[] | null = null
  #mark: Mark
  #once: Uint8Array | null = null
  #many: OctetBuffer | null = null
  #damage: DamageLog | null = null
  #bodyDamage: DamageLog | null = null

  constructor(head: Head, first: Mark) {
    this.head = head
    this.input = first.input
    this.time = first.time
    this.endTime = first.time
    this.frames = first.frames
    this.#mark = first
  }

  /** Takes what the head says about the body. */
  frame(body: BodyFraming): void {
    this.framing = body.framing
    this.size = body.length
    this.codings = body.codings
    if (body.fault !== null) this.hurt('malformed', body.fault)
  }

  /** Says that octets of it came with `mark`. */
  touch(mark: Mark): void {
    if (mark === this.#mark) return
    this.#mark = mark
    // Segments that were captured out of order are put in order, their times are not.
    if (mark.time > this.endTime) this.endTime = mark.time
    if (mark.input === this.input) for (const frame of mark.frames) this.#addFrame(frame)
  }

  /** The same, without a mark. */
  touchFrame({ input, frame, time }: Origin): void {
    if (time > this.endTime) this.endTime = time
    if (input === this.input) this.#addFrame(frame)
  }

  #addFrame(frame: number): void {
    if (this.#ownFrames === null) this.frames = this.#ownFrames = [...this.frames]
    const own = this.#ownFrames
    const last = own[own.length - 1]
    if (last !== undefined && frame <= last) {
      if (own.includes(frame)) return
      own.push(frame)
      own.sort((a, b) => a - b)
    } else if (own.length < MAX_FRAMES) own.push(frame)
    else own[MAX_FRAMES - 1] = frame
  }

  get firstFrame(): number | null {
    return this.frames[0] ?? null
  }

  /** Takes octets of content; only those that are wanted and contiguous with what is held are copied. */
  content(bytes: Uint8Array, start: number, end: number): void {
    if (!this.whole) return
    const held = this.held
    const wanted = Math.min(end - start, this.keep - held)
    if (wanted <= 0) return
    if (held === 0 && this.#many === null) this.#once = pooledCopy(bytes, start, start + wanted)
    else {
      if (this.#many === null) {
        this.#many = new OctetBuffer()
        if (this.#once !== null) this.#many.append(this.#once, 0, this.#once.length)
        this.#once = null
      }
      this.#many.append(bytes, start, start + wanted)
    }
  }

  /** Gives up what is held beyond `length` octets. */
  cutTo(length: number): void {
    if (this.#once !== null) this.#once = this.#once.subarray(0, length)
    if (this.#many !== null) this.#many.length = Math.min(this.#many.length, length)
  }

  /** There is no body, whatever the head says. */
  withoutBody(): void {
    this.framing = 'none'
    this.size = 0
  }

  /** Whether octets of content that come next would be kept. */
  get wantsMore(): boolean {
    return this.whole && this.held < this.keep
  }

  get held(): number {
    return this.#many !== null ? this.#many.length : this.#once !== null ? this.#once.length : 0
  }

  hurt(kind: DamageKind, detail: string): void {
    this.#damage ??= new DamageLog()
    this.#damage.add('http', kind, detail, this.firstFrame)
  }

  hurtBody(kind: DamageKind, detail: string): void {
    this.whole = false
    this.#bodyDamage ??= new DamageLog()
    this.#bodyDamage.add('http', kind, detail, this.firstFrame)
  }

  get damage(): readonly Damage[] {
    return this.#damage === null ? NONE : this.#damage.list()
  }

  body(): Body {
    const damage = this.#bodyDamage === null ? NONE : this.#bodyDamage.list()
    const size = this.sized ? this.size : null
    if (this.framing === 'none' && this.whole) return EMPTY_BODY
    if (this.keep === 0 && size !== 0) return { bytes: null, complete: false, size, damage }
    const many = this.#many
    const content = many !== null ? pooledCopy(many.bytes, 0, many.length) : (this.#once ?? EMPTY)
    if (!this.whole && content.length === 0) return { bytes: null, complete: false, size, damage }
    const { contentEncoding } = this.head
    const codings = contentEncoding === null ? this.codings : [...codingNames(contentEncoding), ...this.codings]
    return finishBody(content, { whole: this.whole, size, keep: this.keep, codings, damage, frame: this.firstFrame })
  }
}

const EMPTY = new Uint8Array(0)
const EMPTY_BODY: Body = { bytes: EMPTY, complete: true, size: 0, damage: NONE }

export function toRequest(message: Message, url: string): HttpRequest {
  const { head } = message
  return {
    method: head.method,
    target: head.target,
    url,
    httpVersion: head.version,
    headers: head.headers,
    trailers: message.trailers,
    body: message.body(),
    time: message.time,
    endTime: message.endTime,
    frames: message.frames,
    damage: message.damage,
  }
}

export function toResponse(message: Message, interim: readonly number[]): HttpResponse {
  const { head } = message
  return {
    status: head.status,
    statusText: head.statusText,
    interim,
    httpVersion: head.version,
    headers: head.headers,
    trailers: message.trailers,
    body: message.body(),
    time: message.time,
    endTime: message.endTime,
    frames: message.frames,
    damage: message.damage,
  }
}
