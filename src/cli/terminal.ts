import { styleText } from 'node:util'
import type { RenderOptions } from '../report/page.ts'
import { PLAIN_STYLES, type Styles } from '../report/styles.ts'
import { UsageError } from './errors.ts'
import type { Io, Output } from './io.ts'
import type { OptionReader } from './settings.ts'

/** Columns where no terminal says how many there are: files, pipes. */
const DEFAULT_COLUMNS = 100

type Look = Pick<RenderOptions, 'styles' | 'charset' | 'width'>

const painted = (format: Parameters<typeof styleText>[0]) => (text: string) =>
  text === '' ? text : styleText(format, text, { validateStream: false })

const COLOURED: Styles = {
  good: painted('green'),
  bad: painted(['red', 'bold']),
  warn: painted('yellow'),
  quiet: painted('dim'),
  strong: painted('bold'),
}

/** How standard output looks, from the options, the environment and the terminal, in this order. */
export function lookOf(io: Io, options: OptionReader): Look {
  return {
    styles: wantsColour(io, options) ? COLOURED : PLAIN_STYLES,
    charset: showsUnicode(io) ? 'unicode' : 'ascii',
    width: columnsOf(io, io.stdout),
  }
}

/** Files are UTF-8 without colour, whatever the terminal. */
export const FILE_LOOK: Look = { styles: PLAIN_STYLES, charset: 'unicode', width: DEFAULT_COLUMNS }

function wantsColour({ env, stdout }: Io, options: OptionReader): boolean {
  if (options.isOn('color') && options.isOn('no-color')) throw new UsageError('--color and --no-color exclude each other')
  if (options.isOn('color')) return true
  if (options.isOn('no-color')) return false
  const { FORCE_COLOR: force, NO_COLOR: no } = env
  // https://force-color.org and https://no-color.org: set and not empty; 0 and false are Node's way to say no
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false'
  if (no !== undefined && no !== '') return false
  return stdout.isTTY === true && env.TERM !== 'dumb'
}

/** The first of the three that is set decides (POSIX, Environment Variables 8.2); Windows terminals need none of them. */
function showsUnicode({ env, platform }: Io): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  return /utf-?8/i.test(locale) || (platform === 'win32' && locale === '')
}

export function columnsOf({ env }: Io, output: Output): number {
  const told = Number(env.COLUMNS)
  if (output.isTTY === true && output.columns !== undefined && output.columns > 0) return output.columns
  return Number.isInteger(told) && told > 0 ? told : DEFAULT_COLUMNS
}
