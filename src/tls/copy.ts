/** A copy of bytes[start, end), always a plain Uint8Array: the `slice` of node's Buffer would be a view of borrowed memory. */
export function copyRange(bytes: Uint8Array, start = 0, end: number = bytes.length): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(end - start)
  copy.set(bytes.subarray(start, end))
  return copy
}
