/** Edits between two words (Damerau-Levenshtein with adjacent swaps), at most `limit` + 1. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1)
      row.push(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}

/** The known words that a mistyped one was probably meant to be, nearest first; none when nothing is near. */
export function nearest(word: string, known: readonly string[], most = 1): string[] {
  const limit = Math.max(1, Math.floor(word.length / 3))
  const lower = word.toLowerCase().slice(0, 100)
  return known
    .map((candidate) => ({ candidate, edits: lower === '' ? limit + 1 : distance(lower, candidate.toLowerCase(), limit) }))
    .map(({ candidate, edits }) => ({
      candidate,
      edits: candidate.toLowerCase().startsWith(lower) && lower.length > 2 ? Math.min(edits, 1) : edits,
    }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, most)
    .map(({ candidate }) => candidate)
}

/** "; did you mean x?", or nothing. */
export function didYouMean(word: string, known: readonly string[], prefix = ''): string {
  const near = nearest(word, known).map((candidate) => `${prefix}${candidate}`)
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`
}
