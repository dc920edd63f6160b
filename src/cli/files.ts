import { randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isSystemError, reasonOf, UsageError } from './errors.ts'

/** Text is gathered to about this many characters before it is written. */
const PIECE = 262_144

function statOf(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null
}

/** A failed system call about a file that the user named becomes one line that names it. */
export function explaining<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (isSystemError(error)) throw new UsageError(`${path}: ${reasonOf(error)}`)
    throw error
  }
}

export function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return statSync(path).isFile()
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}

export function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory() === true
}

/** @throws UsageError when it is not there, may not be read, or is a folder where a file is needed */
export function checkReadable(path: string, kind: 'file' | 'file or folder'): void {
  explaining(path, () => {
    const stats = statSync(path)
    if (kind === 'file' && stats.isDirectory()) throw new UsageError(`${path}: is a folder, not a file`)
    accessSync(path, constants.R_OK)
  })
}

/**
 * Refuses an output that is one of the files the program reads, by whatever name: another path, a symbolic or a hard link. A file that
 * lies in a folder of captures is refused too, as it may be one of them.
 */
export function protectInputs(outputs: readonly string[], inputs: readonly string[]): void {
  const seen = new Set<string>()
  for (const output of outputs) {
    const target = explaining(output, () => realTarget(output))
    if (seen.has(target)) throw new UsageError(`${output}: is named as an output twice`)
    seen.add(target)
    const existing = explaining(output, () => statOf(target))
    if (existing?.isDirectory()) throw new UsageError(`${output}: is a folder`)
    if (existing === null) continue
    for (const input of inputs) {
      const stats = explaining(input, () => statOf(input))
      if (stats === null) continue
      if (stats.dev === existing.dev && stats.ino === existing.ino && !stats.isCharacterDevice())
        throw new UsageError(`${output}: is an input and is not overwritten`)
      if (stats.isDirectory() && dirname(target) === realpathSync(input))
        throw new UsageError(`${output}: exists in the input folder ${input} and is not overwritten; choose another place`)
    }
  }
}

/** The file that writing to this name would change; its folder has to exist. */
function realTarget(path: string): string {
  const folder = dirname(path)
  const folderStats = statOf(folder)
  if (folderStats === null) throw new UsageError(`${path}: the folder ${folder} does not exist`)
  if (!folderStats.isDirectory()) throw new UsageError(`${path}: ${folder} is not a folder`)
  return statOf(path) === null ? join(realpathSync(folder), basename(path)) : realpathSync(path)
}

/** A file that is written whole or not at all. */
export interface NewFile {
  write(content: string | Uint8Array): void
  /** What was written so far, in pieces. */
  written(): Iterable<string>
  /** Puts the file in its place. */
  commit(): void
  /** Leaves no trace; nothing after `commit`. */
  discard(): void
}

/**
 * Written beside its place under another name and renamed when complete; devices and pipes are written as they are, all at once in the end
 * when what was written is to be looked at before.
 */
export function createFile(path: string, isRead = false): NewFile {
  const target = explaining(path, () => realTarget(path))
  const existing = explaining(path, () => statOf(target))
  const direct = existing !== null && !existing.isFile()
  const written = direct ? target : join(dirname(target), `.${basename(target).slice(0, 100)}.${randomBytes(6).toString('hex')}`)
  const file = explaining(path, () => openSync(written, direct ? 'w' : 'wx+', existing === null ? 0o666 : existing.mode & 0o777))
  const kept: string[] = []
  let held = ''
  let open = true
  const put = (content: string | Uint8Array) => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  }
  const flush = () => {
    if (direct && isRead) kept.push(held)
    else put(held)
    held = ''
  }
  const close = () => {
    open = false
    closeSync(file)
  }
  return {
    write(content) {
      if (typeof content !== 'string') {
        explaining(path, () => {
          flush()
          put(content)
        })
        return
      }
      held += content
      if (held.length >= PIECE) explaining(path, flush)
    },
    *written() {
      explaining(path, flush)
      if (direct) yield* kept
      else yield* piecesOf(file)
    },
    commit() {
      explaining(path, () => {
        flush()
        for (const text of kept) put(text)
        close()
        if (!direct) renameSync(written, target)
      })
    },
    discard() {
      if (!open) return
      close()
      if (!direct) unlinkSync(written)
    },
  }
}

function* piecesOf(file: number): Iterable<string> {
  const buffer = new Uint8Array(PIECE)
  const decoder = new TextDecoder()
  for (let at = 0; ; ) {
    const octets = readSync(file, buffer, 0, buffer.length, at)
    if (octets === 0) break
    at += octets
    yield decoder.decode(buffer.subarray(0, octets), { stream: true })
  }
  yield decoder.decode()
}
