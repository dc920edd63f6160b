import { existsSync, readdirSync } from 'node:fs'
import test from 'ava'
import { analyze } from '../../src/analyze.ts'
import { leaksOf, privateValues } from '../support/leaks.ts'
import { harFaults, newAccusations, redactedHar, shapes } from '../support/redacted-har.ts'

const samples = readdirSync('samples').filter((name) => /\.(pcap|pcapng|har)$/.test(name))

for (const name of samples)
  test(`${name}: a redacted HAR has the same requests, gives nothing away and accuses nobody anew`, async (t) => {
    const keys = `samples/${name.replace(/\.\w+$/, '.keys')}`
    const keyLogs = existsSync(keys) ? [keys] : []
    const original = await analyze([`samples/${name}`], { keyLogs })
    const { text, again } = await redactedHar(`samples/${name}`, keyLogs)
    t.deepEqual(harFaults(text), [])
    t.deepEqual(leaksOf(text, privateValues(original)), [])
    t.deepEqual(shapes(again), shapes(original))
    t.deepEqual(newAccusations(original, again), [])
    // what cannot be checked any more says so
    for (const request of again.requests)
      for (const [check, value] of Object.entries(request.checks))
        if (value === 'unknown')
          t.true(
            request.unknown.some((one) => one.check === check),
            `${request.id} ${check}`,
          )
    // what was found before is quoted
    t.deepEqual(
      again.requests.map(({ beforeRedaction }) => beforeRedaction),
      original.requests.map(({ compliant, checks, findings }) => ({
        compliant,
        checks,
        findings: findings.map(({ rule, severity, party }) => ({ rule, severity, party })),
      })),
    )
  })
