/**
 * npm run bench [-- --rounds 5 --small]: whole processes, taking turns (A B C A B C ...), medians of wall, cpu and peak memory, and ratios. Peers that are
 * not installed are left out. Captures are generated once into bench/data (about 2 GB; --small makes a tenth).
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, small: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const rounds = Number(options.rounds)
const small = options.small ? 10 : 1
const here = new URL('.', import.meta.url).pathname
const data = `${here}data/${options.small ? 'small/' : ''}`
const scope = `node ${here}../bin/acmescope.js`
mkdirSync(data, { recursive: true })

/** Rows of the table of budgets: what is generated, and who is timed on it; the first command is ours, ratios are other / ours or ours / other as labelled. */
const ROWS = [
  {
    name: 'haystack, 1 GB of other traffic',
    make: ['haystack.pcap', `haystack.mjs --mb ${1000 / small} --acme 12 --out`],
    commands: (file) => ({
      acmescope: `${scope} ${file} --fail-on never --format json`,
      'tcpdump filter': `tcpdump -r ${file} -w /dev/null 'tcp port 80'`,
      'read loop (node)': `node ${here}peers.mjs read ${file}`,
      'tcpflow -r': `tcpflow -r ${file} -o /tmp/acmescope-tcpflow -e none`,
      'tshark -Y http': `tshark -r ${file} -Y http -T fields -e http.request.uri`,
    }),
    slow: ['tshark -Y http'],
  },
  {
    name: 'a million tiny flows',
    make: ['tiny-flows.pcap', `tiny-flows.mjs --flows ${1_000_000 / small} --out`],
    commands: (file) => ({
      acmescope: `${scope} ${file} --fail-on never --format json`,
      'tcpdump filter': `tcpdump -r ${file} -w /dev/null 'tcp port 80'`,
    }),
  },
  {
    name: '100k plain ACME requests',
    make: ['acme-plain.pcap', `acme-plain.mjs --requests ${100_000 / small} --out`],
    commands: (file) => ({
      acmescope: `${scope} ${file} --fail-on never --format ndjson`,
      'acmescope --no-verify': `${scope} ${file} --fail-on never --format ndjson --no-verify`,
      'bare crypto.verify': `node ${here}peers.mjs verify ${80_000 / small}`,
      'tshark with bodies': `tshark -r ${file} -Y http -T fields -e http.request.uri -e http.response.code -e http.file_data`,
    }),
    slow: ['tshark with bodies'],
  },
  {
    name: '50k TLS requests with a key log',
    make: ['acme-tls.pcap', `acme-tls.mjs --requests ${50_000 / small} --out`],
    commands: (file) => ({
      acmescope: `${scope} ${file} --keylog ${file}.keys --fail-on never --format ndjson --no-verify`,
      'acmescope, verifying': `${scope} ${file} --keylog ${file}.keys --fail-on never --format ndjson`,
      'acmescope har': `${scope} har ${file} --keylog ${file}.keys --no-redact -o /tmp/acmescope-bench.har`,
      'acmescope, no key log': `${scope} ${file} --fail-on never --format ndjson`,
      'tshark fields': `tshark -r ${file} -o tls.keylog_file:${file}.keys -Y 'http || http2' -T fields -e http.request.uri -e http2.headers.path`,
    }),
    slow: ['tshark fields'],
  },
  {
    name: 'TLS bulk, 200 MB',
    make: ['tls-bulk.pcap', `acme-tls.mjs --requests ${2000 / small} --bulkmb ${200 / small} --out`],
    commands: (file) => ({
      acmescope: `${scope} ${file} --keylog ${file}.keys --fail-on never --format ndjson --no-verify`,
      'tshark fields': `tshark -r ${file} -o tls.keylog_file:${file}.keys -Y 'http || http2' -T fields -e http.request.uri -e http2.headers.path`,
    }),
    slow: ['tshark fields'],
  },
  {
    name: '300 MB HAR',
    make: ['big.har', `har.mjs --mb ${300 / small} --out`],
    commands: (file) => ({
      acmescope: `${scope} ${file} --fail-on never --format json`,
      'JSON.parse': `node --max-old-space-size=8000 ${here}peers.mjs parse ${file}`,
    }),
  },
  {
    name: 'a 60 kB capture, and start-up',
    make: ['tiny.pcap', 'acme-plain.mjs --requests 40 --out'],
    commands: (file) => ({
      acmescope: `${scope} ${file} --fail-on never`,
      tshark: `tshark -r ${file} -Y http`,
      'acmescope --help': `${scope} --help`,
      'acmescope --version': `${scope} --version`,
      'node -e 0': 'node -e 0',
    }),
  },
]

function generate([name, command]) {
  const file = `${data}${name}`
  if (!existsSync(file)) {
    console.error(`generating ${name} ...`)
    const made = spawnSync(`node ${here}generate/${command} ${file}`, { shell: true, stdio: ['ignore', 'ignore', 'inherit'] })
    if (made.status !== 0) throw new Error(`could not generate ${name}`)
  }
  return file
}

/** One run through GNU time: seconds of wall, cpu, and peak MiB of the largest process. */
function once(command) {
  const begun = process.hrtime.bigint()
  const run = spawnSync('/usr/bin/time', ['-f', '%U %S %M', '-o', '/tmp/acmescope-bench-time', 'sh', '-c', command], {
    stdio: 'ignore',
  })
  const wall = Number(process.hrtime.bigint() - begun) / 1e9
  const [user, system, kib] = readFileSync('/tmp/acmescope-bench-time', 'utf8').trim().split('\n').at(-1).split(' ').map(Number)
  return { wall, cpu: user + system, mib: kib / 1024, status: run.status }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

const installed = (command) => spawnSync('sh', ['-c', `command -v ${command.split(' ')[0]}`]).status === 0

console.log(`${cpus()[0]?.model}, ${cpus().length} processors, node ${process.version}, ${rounds} rounds, medians`)
for (const row of ROWS) {
  if (options.only !== undefined && !row.name.includes(options.only)) continue
  const file = generate(row.make)
  const commands = Object.entries(row.commands(file)).filter(([, command]) => installed(command))
  const times = new Map(commands.map(([name]) => [name, []]))
  for (let round = 0; round <= rounds; round++)
    for (const [name, command] of commands) {
      if (round === 0 && row.slow?.includes(name)) continue // the first round only warms the page cache
      const run = once(command)
      if (round > 0) times.get(name).push(run)
    }
  console.log(`\n${row.name} (${(statSync(file).size / 1e6).toFixed(1)} MB)`)
  const ours = median(times.get('acmescope').map(({ wall }) => wall))
  const oursCpu = median(times.get('acmescope').map(({ cpu }) => cpu))
  console.log(
    `${''.padEnd(24)}${'wall s'.padStart(9)}${'cpu s'.padStart(9)}${'MiB'.padStart(7)}${'wall / acmescope'.padStart(18)}${'cpu / acmescope'.padStart(17)}`,
  )
  for (const [name, runs] of times) {
    const [wall, cpu, mib] = ['wall', 'cpu', 'mib'].map((key) => median(runs.map((run) => run[key])))
    console.log(
      `${name.padEnd(24)}${wall.toFixed(3).padStart(9)}${cpu.toFixed(3).padStart(9)}${mib.toFixed(0).padStart(7)}${(wall / ours).toFixed(2).padStart(18)}${(cpu / oursCpu).toFixed(2).padStart(17)}`,
    )
  }
}
