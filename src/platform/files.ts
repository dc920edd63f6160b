import { createHash, type Hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'

/** A file opened for synchronous reading from front to back. */
export interface OpenFile {
  /** Bytes, or null when it is no regular file (a pipe given by name). */
  readonly size: number | null
  /** Reads into buffer[offset, offset + length); 0 at the end. */
  read(buffer: Uint8Array, offset: number, length: number): number
  close(): void
}

export function openFile(path: string): OpenFile {
  const file = openSync(path, 'r')
  const facts = fstatSync(file)
  let open = true
  return {
    size: facts.isFile() ? facts.size : null,
    read: (buffer, offset, length) => (length === 0 ? 0 : readSync(file, buffer, offset, length, null)),
    close: () => {
      if (open) closeSync(file)
      open = false
    },
  }
}

/** How often a file is looked at that is expected to grow. */
const LOOK_EVERY_MS = 200

/**
 * A file while another program writes it: never at its end, until the signal says so, or it is cut, or its name leads to another one,
 * which `onEnd` is told.
 * A chunk is valid until the next is asked for.
 */
export async function* growingFile(
  path: string,
  onEnd: (how: 'cut' | 'replaced' | 'removed') => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const file = openSync(path, 'r')
  try {
    const buffer = new Uint8Array(1024 * 1024)
    let at = 0
    for (let end: 'replaced' | 'removed' | null = null; signal?.aborted !== true; ) {
      const count = readSync(file, buffer, 0, buffer.length, at)
      at += count
      if (count > 0) yield buffer.subarray(0, count)
      else if (end !== null) return onEnd(end)
      else {
        const facts = fstatSync(file)
        if (facts.size < at) return onEnd('cut')
        const named = statSync(path, { throwIfNoEntry: false })
        // what was written before it went is still to be read
        if (named === undefined) end = 'removed'
        else if (named.ino !== facts.ino || named.dev !== facts.dev) end = 'replaced'
        else await setTimeout(LOOK_EVERY_MS)
      }
    }
  } finally {
    closeSync(file)
  }
}

export function isFolder(path: string): boolean {
  return statSync(path).isDirectory()
}

export function isRegularFile(path: string): boolean {
  return statSync(path).isFile()
}

/** The regular files of a folder, by name; not those of its folders. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

/** A small file, whatever its kind (a pipe has no size beforehand); null when it has more than `limit` bytes. */
export function readSmallFile(path: string, limit: number): Uint8Array | null {
  const file = openFile(path)
  try {
    let buffer = new Uint8Array(Math.min(limit, file.size ?? 0xffff) + 1)
    for (let length = 0; ; ) {
      const count = file.read(buffer, length, buffer.length - length)
      length += count
      if (length > limit) return null
      if (count === 0) return buffer.subarray(0, length)
      if (length < buffer.length) continue
      const larger = new Uint8Array(Math.min(limit + 1, length * 2))
      larger.set(buffer)
      buffer = larger
    }
  } finally {
    file.close()
  }
}

export function nameOf(path: string): string {
  return basename(path)
}

export function newSha256(): Hash {
  return createHash('sha256')
}

/** A file in the folder of another, by plain name; null when it is not there, is no plain name, or is larger than 64 MiB. */
export function readBeside(path: string, name: string): Uint8Array | null {
  if (name !== basename(name) || name === '.' || name === '..') return null
  const beside = join(dirname(path), name)
  const facts = statSync(beside, { throwIfNoEntry: false })
  return facts?.isFile() === true && facts.size <= 64 * 1024 * 1024 ? readFileSync(beside) : null
}

/** Lets timers, signals and other input have their turn. */
export function breathe(): Promise<void> {
  return setImmediate()
}
