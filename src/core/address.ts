/** "192.0.2.7" of a big-endian word. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** RFC 5952 4 of four big-endian words: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
export function formatIpv6(words: ArrayLike<number>, at = 0): string {
  const groups: number[] = []
  for (let word = at; word < at + 4; word++) groups.push((words[word] as number) >>> 16, (words[word] as number) & 0xffff)
  let best = { start: 0, length: 0 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  if (best.length < 2) return hex(groups)
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`
}
