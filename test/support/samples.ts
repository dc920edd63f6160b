import { existsSync, readdirSync } from 'node:fs'
import { analyze } from '../../src/analyze.ts'
import type { Report } from '../../src/report/report.ts'

export const SAMPLES = readdirSync('samples').filter((name) => /\.(pcap|pcapng|har)$/.test(name))

/** The report of one sample, with its key log if it has one. */
export function sampleReport(name: string): Promise<Report> {
  const keys = `samples/${name.replace(/\.\w+$/, '.keys')}`
  return analyze([`samples/${name}`], { keyLogs: existsSync(keys) ? [keys] : [] })
}
