const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { Script } = require('node:vm')

const FOLDER = join(__dirname, '../dist/cli')

/**
 * The program in one file, with the functions that V8 compiled when it was built: compiling them anew would take longer than reading a
 * small capture. There are two caches, because one is loaded whole, and help needs a quarter of what an analysis does. CommonJS here and in
 * the bundle, because Node starts it faster than modules.
 */
exports.openBundle = (argv) => {
  const filename = join(FOLDER, 'main.cjs')
  const kind = argv.some((word) => word === '--help' || word === '--version') ? 'help' : 'analyze'
  // the bundle is ASCII; as Latin-1 it is read without decoding
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: cacheOf(kind) })
  const module = { exports: {} }
  script.runInThisContext()(require, module, pathToFileURL(filename).href)
  return { script, commandLine: module.exports }
}

/** V8 ignores a cache that another version of it made; without one everything is the same, only later. */
function cacheOf(kind) {
  try {
    return readFileSync(join(FOLDER, `${kind}.cache`))
  } catch {
    return undefined
  }
}
