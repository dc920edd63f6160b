/** The command line, or a file it names, is at fault: one line on stderr and exit status 2. */
export class UsageError extends Error {}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'the symbolic links go in circles',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'no space left',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
  EIO: 'the device reports an error',
  ENXIO: 'no such device',
}

/** A failed system call, as Node reports it. */
export interface SystemError extends Error {
  readonly code: string
  readonly path?: string
}

export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}

/** The words for a system error, without the name of the system call. */
export function reasonOf(error: SystemError): string {
  return REASONS[error.code] ?? error.code
}
