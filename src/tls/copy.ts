/** A copy of bytes[start, end), always a plain Uint8Array: the `slice` of node's Buffer would be a view of borrowed memory. */
export function copyRange(bytes: Uint8Array, start = 0, end: number = bytes.length): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(end - start)
  // A view of the source costs more than a few octets copied by hand.
  if (copy.length <= 48) for (let i = 0; i < copy.length; i++) copy[i] = bytes[start + i] as number
  else copy.set(bytes.subarray(start, end))
  return copy
}
