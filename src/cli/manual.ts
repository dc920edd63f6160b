import { VERSION } from '../report/version.ts'
import { wrap } from '../report/width.ts'
import { COMMANDS, type CommandRow, DEFAULT_COMMAND } from './commands.ts'
import type { OptionGroup, OptionRow } from './options.ts'

/** The manual page acmescope(1) in man(7) macros, from the same tables as the help. `date` is that of the build, as YYYY-MM-DD. */
export function manualPage(date: string): string {
  return `${[
    `.TH ACMESCOPE 1 ${date} "acmescope ${VERSION}" "User Commands"`,
    '.SH NAME',
    'acmescope \\- judge every ACME request in a capture',
    '.SH SYNOPSIS',
    ...COMMANDS.flatMap(synopsis),
    '.SH DESCRIPTION',
    ...paragraph(
      'acmescope reads captures (pcap, pcapng, HAR), decodes every ACME request in them (RFC 8555) and says, request by request, what is right and wrong with kid, jwk, nonce, url and signature, who is at fault, and what to do about it.',
    ),
    '.PP',
    ...paragraph(
      'A capture is a file of any supported format, told by its content and not by its name; a folder stands for the captures in it, and - for standard input. Several captures are one timeline.',
    ),
    '.SH COMMANDS',
    ...COMMANDS.flatMap(command),
    '.SH OPTIONS',
    ...COMMANDS.filter(({ options }) => options.length > 0).flatMap(optionsOf),
    '.SH "EXIT STATUS"',
    ...facts(STATUSES),
    '.SH ENVIRONMENT',
    ...facts(VARIABLES),
    '.SH EXAMPLES',
    ...COMMANDS.flatMap(({ examples }) => examples).flatMap(([line, meaning]) => [
      '.TP',
      `.B ${escaped(line)}`,
      ...paragraph(`${meaning}.`),
    ]),
    '.SH "SEE ALSO"',
    '.BR tcpdump (8),',
    '.BR tshark (1),',
    '.BR dumpcap (1)',
  ].join('\n')}\n`
}

const STATUSES: readonly (readonly [string, string])[] = [
  ['0', 'Nothing at or above --fail-on; written; no difference that matters (diff).'],
  ['1', 'Something at or above --fail-on; a difference that matters (diff).'],
  ['2', 'Wrong usage, or an input that cannot be read or recognised.'],
  ['3', 'Read, but no ACME request could be judged or compared; nothing to write.'],
  ['70', 'An internal error.'],
  ['130', 'Ended by a second Ctrl-C.'],
]

const VARIABLES: readonly (readonly [string, string])[] = [
  ['SSLKEYLOGFILE', 'Key log that is read when no --keylog is given.'],
  ['NO_COLOR, FORCE_COLOR', 'No colour, or colour always; --color and --no-color come first.'],
  ['LC_ALL, LC_CTYPE, LANG', 'Whether the terminal shows UTF-8; otherwise reports are ASCII.'],
  ['COLUMNS', 'Width of reports where standard output is no terminal.'],
  ['GITHUB_ACTIONS', 'If true, findings are also written to standard error as annotations.'],
]

function synopsis({ name, words, options }: CommandRow, index: number): string[] {
  const shown = [name === DEFAULT_COMMAND ? '' : name, words].filter((word) => word !== '').join(' ')
  return [...(index === 0 ? [] : ['.br']), '.B acmescope', `${escaped(shown)}${options.length === 0 ? '' : ' [options]'}`]
}

function command({ name, words, describe }: CommandRow): string[] {
  return ['.TP', `.B ${escaped([name, words].filter((word) => word !== '').join(' '))}`, ...paragraph(`${describe}.`)]
}

function optionsOf({ name, options }: CommandRow): string[] {
  return [`.SS "acmescope ${name}"`, ...options.flatMap(group)]
}

function group({ title, options }: OptionGroup, index: number): string[] {
  return [...(index === 0 ? [] : ['.PP']), ...paragraph(title), ...options.flatMap(option)]
}

function option({ name, alias, placeholder, describe }: OptionRow): string[] {
  const spellings = [...(alias === undefined ? [] : [`\\fB\\-${alias}\\fR`]), `\\fB\\-\\-${escaped(name)}\\fR`].join(', ')
  return [
    '.TP',
    `${spellings}${placeholder === undefined ? '' : ` \\fI${escaped(placeholder)}\\fR`}`,
    ...paragraph(`${describe}.`),
  ]
}

function facts(rows: readonly (readonly [string, string])[]): string[] {
  return rows.flatMap(([name, text]) => ['.TP', `.B ${escaped(name)}`, ...paragraph(text)])
}

/** Lines as short as formatters like their input, escapes included. */
function paragraph(text: string): string[] {
  return wrap(text, 66).map(escaped)
}

/** groff(7): a backslash, a hyphen that is to be one, and what at the beginning of a line would be a request. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&').replaceAll("'", '\\(aq')
}
