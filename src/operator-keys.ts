import { CaptureError } from './capture/reader.ts'
import { type JwkFacts, readJwk } from './jose/keys.ts'
import { latin1Text } from './platform/base64.ts'
import { isRegularFile, openFile, readSmallFile } from './platform/files.ts'
import { publicJwks } from './platform/public-keys.ts'

/** Account keys that the operator gives, public parts only. @throws CaptureError for a file without a usable key */
export function readAccountKeys(paths: readonly string[]): JwkFacts[] {
  return paths.flatMap((path) => {
    const text = readKeyFile(path)
    const keys = publicJwks(text)
      .map(readJwk)
      .filter((key) => key !== null)
    if (keys.length === 0)
      throw new CaptureError(`${path}: no account key is in it (a JWK, a PEM key, or a Kubernetes Secret with one)`)
    return keys
  })
}

/** MAC keys of external accounts: the text that the CA gave, by key identifier. */
export function readEabKeys(paths: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(paths).map(([kid, path]) => [kid, readKeyFile(path).trim()]))
}

/** Key files are small; what is larger is another file named by mistake. */
const MAX_KEY_FILE = 1024 * 1024

/** @throws CaptureError for a file that is too large to be one with keys */
export function readKeyFile(path: string): string {
  const bytes = readSmallFile(path, MAX_KEY_FILE)
  if (bytes === null) throw new CaptureError(`${path}: larger than ${MAX_KEY_FILE} bytes, so it is no key file`)
  return new TextDecoder().decode(bytes)
}

/** The text of a key log or key file, piece by piece, as far as it is there to be read again. */
export function* secretsIn(path: string): Iterable<string> {
  if (!isRegularFile(path)) return
  const file = openFile(path)
  const buffer = new Uint8Array(MAX_KEY_FILE)
  let rest = ''
  try {
    for (let octets = file.read(buffer, 0, buffer.length); octets > 0; octets = file.read(buffer, 0, buffer.length)) {
      const text = rest + latin1Text(buffer.subarray(0, octets))
      const end = text.lastIndexOf('\n') + 1
      yield text.slice(0, end)
      rest = text.slice(end)
    }
    yield rest
  } finally {
    file.close()
  }
}

/** What is secret in an account key: members of a private JWK, blocks of PEM. */
export function* privateParts(text: string): Iterable<string> {
  for (const [, member] of text.matchAll(/"(?:d|p|q|dp|dq|qi|k)"\s*:\s*"([^"]+)"/g)) if (member !== undefined) yield member
  for (const [block] of text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*/g)) yield block
}
