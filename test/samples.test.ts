import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { render } from '../src/index.ts'
import { REPORT_SCHEMA } from '../src/report/schema.ts'
import { SAMPLES, sampleReport } from './support/samples.ts'

const validate = new Ajv2020({ strict: false }).compile(REPORT_SCHEMA)

/** What samples/README.md promises: verdict, first diagnosis, and how many requests are compliant, not, and open. */
const PROMISED: Record<string, { verdict: string; diagnosis: string | null; counts: [number, number, number] }> = {
  'story-broken-server.pcap': { verdict: 'server', diagnosis: 'diag-server-rejected-compliant', counts: [7, 0, 0] },
  'story-broken-server-tls.pcap': { verdict: 'server', diagnosis: 'diag-server-rejected-compliant', counts: [7, 0, 0] },
  'story-client-omits-kid.har': { verdict: 'client', diagnosis: 'diag-kid-omitted-after-registration', counts: [4, 3, 0] },
  'story-client-sends-jwk.pcap': { verdict: 'client', diagnosis: 'diag-kid-omitted-after-registration', counts: [4, 3, 0] },
  'story-lookup-refused.pcap': { verdict: 'both', diagnosis: 'diag-lookup-failed', counts: [7, 2, 0] },
  'honest-certbot.pcap': { verdict: 'none', diagnosis: null, counts: [26, 0, 0] },
  'wildcard-dns01.pcap': { verdict: 'none', diagnosis: null, counts: [22, 0, 0] },
  'honest-lego.har': { verdict: 'none', diagnosis: null, counts: [18, 0, 0] },
}

test('every sample is described, and every one described is there', (t) => {
  const described = [...readFileSync('samples/README.md', 'utf8').matchAll(/^\| `([\w.-]+)`/gm)].map(
    (match) => match[1] as string,
  )
  t.deepEqual([...described].sort(), [...SAMPLES].sort())
})

for (const name of SAMPLES)
  test(`${name}: report`, async (t) => {
    const made = await sampleReport(name)
    t.true(validate(made), JSON.stringify(validate.errors?.slice(0, 3)))
    const promised = PROMISED[name]
    if (promised !== undefined) {
      const { verdict, compliant, nonCompliant, undetermined } = made.summary
      t.deepEqual(
        { verdict, diagnosis: made.diagnoses[0]?.id ?? null, counts: [compliant, nonCompliant, undetermined] },
        { ...promised },
      )
    }
    if (!/^(story-client|story-lookup|wrong)/.test(name))
      t.is(
        made.requests.find((request) => request.compliant === false),
        undefined,
        'an honest client is accused',
      )
    t.snapshot(render(made, 'text', { width: 100, verbose: true }))
  })
