import { latin1Range } from '../../platform/octets.ts'

/** Length of the code of each octet and of EOS (RFC 7541 Appendix B). The code is canonical, so lengths are all it takes. */
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
] // biome-ignore format: 32 octets a row

const EOS = 256
/** RFC 7541 5.2: padding is at most 7 bits, all ones (the most significant bits of EOS). */
const MAX_PADDING = 7

/** The code as a binary tree of 256 inner nodes, root 0: CHILDREN[node * 2 + bit] is a node, or -1 - symbol. */
const CHILDREN = new Int16Array(512)
/** 1 for the nodes in which a string may end. */
const ENDS = new Uint8Array(256)
/**
 * What an octet does in a node: next node, how many octets come out (at most 2, the shortest code has 5 bits) and which.
 * An entry is made when it is first needed, because text needs a few hundred of the 65536.
 */
const STEPS = new Int32Array(256 * 256)
const COUNT_SHIFT = 8
const FIRST_SHIFT = 10
const SECOND_SHIFT = 18
const MADE = 1 << 26
const EOS_MET = 1 << 27

let output = new Uint8Array(0)

/**
 * Text of a Huffman-coded string literal (RFC 7541 5.2), one character an octet; null when the code is broken: EOS within,
 * or wrong padding.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | null {
  if (output.length === 0) plantTree()
  // The longest expansion is 8 bits out of 5.
  if (output.length < (end - start) * 2) output = new Uint8Array((end - start) * 2)
  const out = output
  let length = 0
  let node = 0
  for (let at = start; at < end; at++) {
    const key = (node << 8) | (bytes[at] as number)
    let step = STEPS[key] as number
    if (step === 0) step = makeStep(key)
    node = step & 0xff
    const count = (step >> COUNT_SHIFT) & 3
    if (count !== 0) {
      out[length] = step >> FIRST_SHIFT
      out[length + 1] = step >> SECOND_SHIFT
      length += count
    } else if ((step & EOS_MET) !== 0) return null
  }
  return ENDS[node] === 1 ? latin1Range(out, 0, length) : null
}

function makeStep(key: number): number {
  let node = key >> 8
  let step = MADE
  let count = 0
  for (let bit = 7; bit >= 0; bit--) {
    node = CHILDREN[node * 2 + ((key >> bit) & 1)] as number
    if (node >= 0) continue
    const symbol = -1 - node
    if (symbol === EOS) {
      step = MADE | EOS_MET
      count = 0
      node = 0
      break
    }
    step |= symbol << (count === 0 ? FIRST_SHIFT : SECOND_SHIFT)
    count++
    node = 0
  }
  step |= (count << COUNT_SHIFT) | node
  STEPS[key] = step
  return step
}

/** Canonical code: in order of length, then of symbol, each code is the one before plus one. */
function plantTree(): void {
  output = new Uint8Array(1024)
  const symbols = LENGTHS.map((_, symbol) => symbol).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b)
  let nodes = 1
  let code = 0
  let previous = 0
  for (const symbol of symbols) {
    const length = lengthOf(symbol)
    code <<= length - previous
    previous = length
    let node = 0
    for (let bit = length - 1; bit > 0; bit--) {
      const at = node * 2 + ((code >> bit) & 1)
      if (CHILDREN[at] === 0) CHILDREN[at] = nodes++
      node = CHILDREN[at] as number
    }
    CHILDREN[node * 2 + (code & 1)] = -1 - symbol
    code++
  }
  let node = 0
  for (let padding = 0; padding <= MAX_PADDING; padding++) {
    ENDS[node] = 1
    node = CHILDREN[node * 2 + 1] as number
  }
}

function lengthOf(symbol: number): number {
  return LENGTHS[symbol] as number
}
