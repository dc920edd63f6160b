import { createReadStream } from 'node:fs'
import process from 'node:process'

/** Standard input as it comes. */
export function standardInput(): AsyncIterable<Uint8Array> {
  return process.stdin
}

/** Nothing more is read from it, and it does not keep the program from ending. */
export function closeStandardInput(): void {
  process.stdin.destroy()
}

/** A file as a stream of Node's own, for packages that take nothing else. */
export function readableFile(path: string): { destroy(): void } {
  return createReadStream(path, { highWaterMark: 1024 * 1024 })
}
