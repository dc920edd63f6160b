/**
 * One captured packet, borrowed: there is one Frame object per reader, overwritten by each `next`, and its bytes lie in the
 * reader's window. Whoever needs something later copies it. This is what keeps the hot path free of allocation.
 */
export interface Frame {
  /** Index of the input it came from. */
  input: number
  /** From 1 in its file, as Wireshark counts. */
  number: number
  /** Epoch time: whole seconds and the nanoseconds within. */
  seconds: number
  nanoseconds: number
  /** LINKTYPE_ value of the interface (https://www.tcpdump.org/linktypes.html). */
  linkType: number
  /** pcapng interface, counted over the whole file; 0 in classic pcap. */
  interfaceId: number
  bytes: Uint8Array
  /** Over the same memory as `bytes`, with the same offsets. */
  view: DataView
  start: number
  end: number
  /** Length on the wire; more than end - start when the snap length cut it. */
  originalLength: number
}

export function newFrame(input: number): Frame {
  const bytes = new Uint8Array(0)
  return {
    input, number: 0, seconds: 0, nanoseconds: 0, linkType: -1, interfaceId: 0,
    bytes, view: new DataView(bytes.buffer), start: 0, end: 0, originalLength: 0,
  } // biome-ignore format: one row of defaults
}
