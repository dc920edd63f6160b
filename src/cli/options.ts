import { KEEPABLE } from '../report/redaction/categories.ts'

/** What an option takes: it says which words or files complete it. */
export type Placeholder =
  | 'FILE'
  | 'KID=FILE'
  | 'FORMAT'
  | 'SEVERITY'
  | 'HOST'
  | 'PORT'
  | 'TIME'
  | 'RESOURCE'
  | 'CATEGORY'
  | 'ID=LEVEL'
  | 'N'

/** The options of the command line as data: parser, help, suggestions for typos, manual and shell completion are made from it. */
export interface OptionRow {
  readonly name: string
  readonly alias?: string
  /** 'switch' takes no value; 'values' may be given several times. */
  readonly takes: 'switch' | 'value' | 'values'
  /** What stands for the value, in capitals, in the manual and for completion; of everything but switches. */
  readonly placeholder?: Placeholder
  readonly describe: string
}

export interface OptionGroup {
  readonly title: string
  readonly options: readonly OptionRow[]
}

const KEYS: OptionGroup = {
  title: 'Keys and secrets (files; each option may be repeated):',
  options: [
    {
      name: 'keylog',
      takes: 'values',
      placeholder: 'FILE',
      describe: 'TLS secrets, NSS key log; default $SSLKEYLOGFILE if it is readable',
    },
    {
      name: 'tls-key',
      takes: 'values',
      placeholder: 'FILE',
      describe: "The server's RSA private key (PEM), for TLS 1.2 and older with RSA key exchange",
    },
    {
      name: 'account-key',
      takes: 'values',
      placeholder: 'FILE',
      describe: 'ACME account key (JWK, PEM or Kubernetes Secret), for when the registration was not captured',
    },
    {
      name: 'eab-key',
      takes: 'values',
      placeholder: 'KID=FILE',
      describe: 'KID=FILE: key of the external account binding; the file holds the base64url text from the CA',
    },
  ],
}

const EVIDENCE: OptionGroup = {
  title: "The client's own side, held against the capture (each option may be repeated):",
  options: [
    {
      name: 'kubernetes',
      takes: 'values',
      placeholder: 'FILE',
      describe:
        'Objects of cert-manager: kubectl get clusterissuer,issuer,certificate,certificaterequest,order,challenge,events -o yaml',
    },
    {
      name: 'log',
      takes: 'values',
      placeholder: 'FILE',
      describe: 'Log of cert-manager (klog text or JSON), best written with --v=5',
    },
  ],
}

const ANALYSIS: OptionGroup = {
  title: 'Analysis:',
  options: [
    { name: 'no-verify', takes: 'switch', describe: 'Skip signature verification; the signature check is then unknown' },
    {
      name: 'cross-check',
      takes: 'switch',
      describe: 'Read classic captures a second time with an independent reader, and say whether both agree',
    },
    { name: 'hash', takes: 'switch', describe: 'sha256 of inputs over 64 MB too' },
  ],
}

const POLICY: OptionGroup = {
  title: 'Rules (every report names what is changed):',
  options: [
    {
      name: 'rule',
      takes: 'values',
      placeholder: 'ID=LEVEL',
      describe: 'ID=off|info|warning|error: switch a rule or diagnosis off, or make it milder or graver; may be repeated',
    },
    {
      name: 'config',
      takes: 'value',
      placeholder: 'FILE',
      describe: 'File with such levels; default acmescope.config.json here or in a folder above',
    },
    { name: 'no-config', takes: 'switch', describe: 'Look for no such file' },
  ],
}

const REPORT: OptionGroup = {
  title: 'Report:',
  options: [
    {
      name: 'format',
      takes: 'value',
      placeholder: 'FORMAT',
      describe:
        'text, json, ndjson, markdown, html, sarif, junit, github (annotations) or gitlab (code quality): what goes to standard output (default text; nothing when only -o is given)',
    },
    {
      name: 'output',
      alias: 'o',
      takes: 'values',
      placeholder: 'FILE',
      describe:
        'File to write, in the format of its ending (.txt .json .ndjson .md .html .sarif .xml; else --format); may be repeated',
    },
    {
      name: 'fail-on',
      takes: 'value',
      placeholder: 'SEVERITY',
      describe: 'error, warning or never: the severity from which the exit status is 1 (default error)',
    },
  ],
}

const REDACTION: OptionGroup = {
  title: 'Safe to share (names become pseudonyms, secrets go; every check is made before):',
  options: [
    {
      name: 'redact',
      takes: 'switch',
      describe: 'Hide names and secrets in every output (the default for what is made to be shared)',
    },
    { name: 'no-redact', takes: 'switch', describe: 'Show everything as captured, also in what is made to be shared' },
    {
      name: 'keep',
      takes: 'values',
      placeholder: 'CATEGORY',
      describe: `Leave one kind of name readable: ${KEEPABLE.join(', ')}; may be repeated`,
    },
    {
      name: 'pseudonym-key',
      takes: 'value',
      placeholder: 'FILE',
      describe: 'File whose octets (16 or more) make pseudonyms equal across runs; keep it secret',
    },
  ],
}

const SHOWN: OptionGroup = {
  title: 'Which requests are shown (the verdict and the counts stay those of all):',
  options: [
    { name: 'host', takes: 'value', placeholder: 'HOST', describe: 'Only requests to this host' },
    { name: 'port', takes: 'value', placeholder: 'PORT', describe: 'Only requests to or from this port' },
    {
      name: 'since',
      takes: 'value',
      placeholder: 'TIME',
      describe: 'Only from this time on: ISO 8601, in UTC unless it says otherwise',
    },
    { name: 'until', takes: 'value', placeholder: 'TIME', describe: 'Only up to this time' },
    {
      name: 'resource',
      takes: 'values',
      placeholder: 'RESOURCE',
      describe: 'Only this kind of request, such as newOrder; may be repeated',
    },
    { name: 'only-failing', takes: 'switch', describe: 'Only requests that broke a rule, failed a check or were refused' },
  ],
}

const SCREEN: OptionGroup = {
  title: 'Screen:',
  options: [
    { name: 'quiet', takes: 'switch', describe: 'Only the verdict, the diagnosis and the counts; no progress' },
    { name: 'verbose', takes: 'switch', describe: 'Everything: nothing cut, nothing drawn together, evidence shown' },
    { name: 'color', takes: 'switch', describe: 'Colour even where standard output is not a terminal' },
    { name: 'no-color', takes: 'switch', describe: 'No colour (NO_COLOR does the same)' },
  ],
}

function only(group: OptionGroup, ...names: readonly string[]): OptionGroup {
  return { ...group, options: group.options.filter(({ name }) => names.includes(name)) }
}

const LIVE: OptionGroup = {
  title: 'Live:',
  options: [
    {
      name: 'follow',
      takes: 'switch',
      describe:
        'Print each request as it completes, not judged yet, and read on while the file grows (text, ndjson); Ctrl-C ends it and gives the report',
    },
  ],
}

export const ANALYZE_OPTIONS: readonly OptionGroup[] = [KEYS, EVIDENCE, ANALYSIS, POLICY, REPORT, REDACTION, SHOWN, LIVE, SCREEN]

const OUTPUT: OptionRow = {
  name: 'output',
  alias: 'o',
  takes: 'value',
  placeholder: 'FILE',
  describe: 'File to write; never overwrites an input',
}

export const HAR_OPTIONS: readonly OptionGroup[] = [
  {
    title: 'HAR:',
    options: [OUTPUT, { name: 'acme-only', takes: 'switch', describe: 'ACME exchanges alone' }],
  },
  REDACTION,
  KEYS,
  ANALYSIS,
  only(SCREEN, 'quiet', 'verbose'),
]

export const EXTRACT_OPTIONS: readonly OptionGroup[] = [
  {
    title: 'Extract:',
    options: [OUTPUT, { name: 'request', takes: 'value', placeholder: 'N', describe: 'Number of the request in the report' }],
  },
  KEYS,
  only(ANALYSIS, 'no-verify'),
  only(SCREEN, 'quiet', 'verbose'),
]

export const REDACT_OPTIONS: readonly OptionGroup[] = [
  { title: 'Redact:', options: [OUTPUT] },
  only(REDACTION, 'keep', 'pseudonym-key'),
  KEYS,
  only(ANALYSIS, 'no-verify'),
  only(SCREEN, 'quiet', 'verbose'),
]

export const DIFF_OPTIONS: readonly OptionGroup[] = [
  {
    title: 'Report:',
    options: [
      {
        name: 'format',
        takes: 'value',
        placeholder: 'FORMAT',
        describe: 'text, json or markdown: what goes to standard output (default text)',
      },
    ],
  },
  REDACTION,
  KEYS,
  ANALYSIS,
  SCREEN,
]

export const RULES_OPTIONS: readonly OptionGroup[] = [
  {
    title: 'Report:',
    options: [
      {
        name: 'format',
        takes: 'value',
        placeholder: 'FORMAT',
        describe: 'text or json: what goes to standard output (default text)',
      },
    ],
  },
  only(SCREEN, 'color', 'no-color'),
]

export function optionNames(groups: readonly OptionGroup[]): string[] {
  return [...groups.flatMap(({ options }) => options.map(({ name }) => name)), 'help', 'version']
}
