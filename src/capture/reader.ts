import type { DamageLog } from '../core/damage.ts'
import type { Frame } from './frame.ts'
import type { Window } from './window.ts'

/** What a capture says about itself besides packets; filled by its reader while it reads. */
export interface CaptureFacts {
  readonly damage: DamageLog
  /** LINKTYPE_ numbers of the interfaces met, in order of appearance. */
  readonly linkTypes: Set<number>
  /** pcapng comments, of sections, interfaces and packets (frame null = not of a packet); bounded. */
  readonly comments: { frame: number | null; text: string }[]
  /** Decryption Secrets Blocks (pcapng 4.7): type (0x544c534b = TLS key log) and data, copied. */
  readonly secrets: { type: number; data: Uint8Array }[]
  /** Name Resolution Block records: address to names. */
  readonly names: Map<string, string[]>
}

export interface PacketReader {
  /**
   * Decodes the next packet into `frame`.
   * 'frame': done, and `frame` is valid until the next call. 'more': see Window. 'end': nothing follows.
   */
  next(frame: Frame): 'frame' | 'more' | 'end'
}

/** One row of READERS: a capture format that is told by its first bytes, never by its name. */
export interface PacketFormat {
  readonly name: string
  /** Bytes of the file header, which the window holds when `open` is called, unless the input ends before. */
  readonly header: number
  /** By the first four bytes. */
  recognises(head: Uint8Array): boolean
  /** @throws CaptureError when the file header cannot be read at all */
  open(window: Window, facts: CaptureFacts): PacketReader
}

/** The input as a whole cannot be read; the message is one line for the user and names what was seen. */
export class CaptureError extends Error {}
