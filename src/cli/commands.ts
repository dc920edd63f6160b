import {
  ANALYZE_OPTIONS,
  DIFF_OPTIONS,
  EXTRACT_OPTIONS,
  HAR_OPTIONS,
  type OptionGroup,
  REDACT_OPTIONS,
  RULES_OPTIONS,
} from './options.ts'

export type CommandName = 'analyze' | 'har' | 'extract' | 'redact' | 'diff' | 'rules' | 'schema' | 'completion'

/** What was typed: a command, the words after it, and options; one that may be repeated is still a string when given once. */
export interface Invocation {
  readonly command: CommandName
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

/** What is meant when the first word is no command. */
export const DEFAULT_COMMAND = 'analyze'

export interface CommandRow {
  readonly name: CommandName
  /** The words that follow, as the help shows them. */
  readonly words: string
  readonly describe: string
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  readonly options: readonly OptionGroup[]
}

const CAPTURES = '<capture...>'

export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'analyze',
    words: CAPTURES,
    describe: 'Judge every ACME request; the default command',
    examples: [
      ['acmescope session.har', 'Report on a HAR'],
      ['acmescope trace.pcap --keylog keys.log', "Decrypt with the client's TLS secrets"],
      ['tcpdump -U -w - | acmescope - --keylog keys.log', 'Live; Ctrl-C ends it and prints the report'],
      ['acmescope trace.pcap --only-failing --format json', 'What failed, for a program'],
      ['acmescope trace.pcap -o report.txt -o report.json', 'Two files, nothing on screen'],
    ],
    options: ANALYZE_OPTIONS,
  },
  {
    name: 'har',
    words: `${CAPTURES} -o out.har`,
    describe: 'Write what was captured, decrypted and reassembled as HAR 1.2',
    examples: [
      ['acmescope har trace.pcap --keylog keys.log -o out.har', 'All HTTP exchanges, safe to share'],
      ['acmescope har trace.pcap --keylog keys.log --no-redact -o out.har', 'Everything as captured'],
    ],
    options: HAR_OPTIONS,
  },
  {
    name: 'extract',
    words: '<capture> --request N -o small.pcapng',
    describe: "Write the smallest capture that still shows one request's finding; nothing is hidden in it",
    examples: [
      ['acmescope extract trace.pcap --keylog keys.log --request 7 -o small.pcapng', 'With the TLS secrets that it needs inside'],
      ['acmescope extract session.har --request 7 -o small.har', 'A HAR of a HAR'],
    ],
    options: EXTRACT_OPTIONS,
  },
  {
    name: 'redact',
    words: `${CAPTURES} -o safe.har`,
    describe: 'Write a capture that is safe to hand over: a redacted HAR, checked by analysing it',
    examples: [['acmescope redact trace.pcapng --keylog keys.log -o safe.har', 'No packets, no secrets, no names']],
    options: REDACT_OPTIONS,
  },
  {
    name: 'diff',
    words: '<good> <bad>',
    describe: 'Hold two captures against each other: the first difference that matters',
    examples: [
      ['acmescope diff worked.har fails.har', 'What the failing session does otherwise'],
      ['acmescope diff worked.pcap fails.har --keylog keys.log', 'A capture and a HAR'],
    ],
    options: DIFF_OPTIONS,
  },
  {
    name: 'rules',
    words: '[rule-id]',
    describe: 'List the rules, or explain one',
    examples: [
      ['acmescope rules', 'All rules, one a line'],
      ['acmescope rules kid-required', 'One rule as a manual page'],
    ],
    options: RULES_OPTIONS,
  },
  {
    name: 'schema',
    words: '[report | config]',
    describe: 'Print the JSON Schema of the report, or of the configuration file',
    examples: [
      ['acmescope schema > report.schema.json', 'For a validator or a type generator'],
      ['acmescope schema config > config.schema.json', 'For an editor of acmescope.config.json'],
    ],
    options: [],
  },
  {
    name: 'completion',
    words: '[bash|zsh|fish]',
    describe: 'Print a shell completion script',
    examples: [
      ['source <(acmescope completion bash)', 'In ~/.bashrc; zsh in ~/.zshrc likewise'],
      ['acmescope completion fish > ~/.config/fish/completions/acmescope.fish', 'For fish, once'],
    ],
    options: [],
  },
]

export const COMMAND_NAMES: readonly CommandName[] = COMMANDS.map(({ name }) => name)

export function isCommandName(word: string): word is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(word)
}
