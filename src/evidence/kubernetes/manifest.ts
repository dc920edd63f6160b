import { CaptureError } from '../../capture/reader.ts'
import { readJson } from '../../jose/json-object.ts'
import { readSmallFile } from '../../platform/files.ts'

/** A file is read as a whole. JSON is cheap; the YAML library takes seconds for each megabyte. */
const MAX_JSON = 128 * 1024 * 1024
const MAX_YAML = 16 * 1024 * 1024
/** Marks in a YAML text that can begin a node, which takes half a kilobyte in memory. A manifest of the greatest size has a third of it. */
const MAX_MARKS = 1_500_000
const MARKS = /[\n,[{]|[-:?] /g
/** Times that aliases may stand for the nodes behind them, all in all. kubectl writes none. */
const MAX_ALIASES = 100

/** The documents of a YAML or JSON file, as they come. @throws CaptureError, in words that quote nothing of the file */
export async function readDocuments(path: string): Promise<unknown[]> {
  const bytes = readSmallFile(path, MAX_JSON)
  if (bytes === null) throw new CaptureError(`${path}: larger than ${MAX_JSON >> 20} MiB; select the objects of one certificate`)
  const text = new TextDecoder().decode(bytes)
  if (text.trim() === '') throw new CaptureError(`${path}: the file is empty`)
  if (/^\s*[{[]/.test(text)) {
    const value = readJson(text)
    if (value !== undefined) return [value]
  }
  if (text.includes('\0')) throw new CaptureError(`${path}: neither YAML nor JSON: it holds NUL characters`)
  if (bytes.length > MAX_YAML || exceedsMarks(text))
    throw new CaptureError(`${path}: too large for YAML (${MAX_YAML >> 20} MiB at most); write it with kubectl -o json`)
  return readYaml(path, text)
}

function exceedsMarks(text: string): boolean {
  let count = 0
  MARKS.lastIndex = 0
  while (MARKS.test(text)) if (++count > MAX_MARKS) return true
  return false
}

async function readYaml(path: string, text: string): Promise<unknown[]> {
  const { LineCounter, parseAllDocuments } = await import('yaml')
  const lines = new LineCounter()
  try {
    // Excerpts in messages could show a Secret, and looking for equal keys takes the square of their number.
    const documents = parseAllDocuments(text, { prettyErrors: false, uniqueKeys: false, lineCounter: lines, logLevel: 'silent' })
    return [...documents].map((document) => {
      const [fault] = document.errors
      if (fault !== undefined)
        throw new CaptureError(`${path}: neither YAML nor JSON: ${fault.code} in line ${lines.linePos(fault.pos[0]).line}`)
      return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown
    })
  } catch (error) {
    if (error instanceof CaptureError) throw error
    throw new CaptureError(`${path}: cannot be read as YAML: its aliases or its nesting would exhaust the memory`)
  }
}
