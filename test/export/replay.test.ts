import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { exportHar } from '../../src/analyze.ts'
import { HIDE_ALL } from '../../src/report/redact.ts'

/** What is used of playwright-core; its own types need those of a browser. */
interface Playwright {
  readonly chromium: { launch(options: { executablePath: string; args: string[] }): Promise<Browser> }
}
interface Browser {
  newContext(): Promise<{
    routeFromHAR(path: string, options: { notFound: 'abort' }): Promise<void>
    newPage(): Promise<{
      goto(url: string): Promise<{ text(): Promise<string> } | null>
      evaluate<T, R>(work: (argument: T) => Promise<R>, argument: T): Promise<R>
    }>
  }>
  close(): Promise<void>
}

const require = createRequire(import.meta.url)
const { chromium } = require('playwright-core') as Playwright

/** Debian's browser; Playwright brings none that is downloaded here. */
const BROWSER = '/usr/bin/chromium'
const SAMPLE = 'samples/story-broken-server-tls.pcap'
const KEYS = 'samples/story-broken-server-tls.keys'

interface Entry {
  request: { method: string; url: string; postData?: { text: string; mimeType: string } }
  response: { status: number; content: { text?: string } }
}

for (const redaction of [null, HIDE_ALL])
  (existsSync(BROWSER) ? test : test.skip)(
    `a browser replays the ${redaction === null ? 'HAR' : 'redacted HAR'}: every request gets the answer that was captured`,
    async (t) => {
      const pieces: string[] = []
      await exportHar([SAMPLE], { keyLogs: [KEYS], redaction }, (piece) => void pieces.push(piece))
      const path = join(mkdtempSync(join(tmpdir(), 'acmescope-replay-')), 'session.har')
      writeFileSync(path, pieces.join(''))
      const { entries } = (JSON.parse(pieces.join('')) as { log: { entries: Entry[] } }).log
      const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] })
      try {
        const context = await browser.newContext()
        await context.routeFromHAR(path, { notFound: 'abort' })
        const page = await context.newPage()
        const directory = entries.find(({ request }) => request.method === 'GET')
        const opened = await page.goto(directory?.request.url ?? '')
        t.is(await opened?.text(), directory?.response.content.text)
        for (const { request, response } of entries) {
          if (request.method !== 'POST') continue
          const answer = await page.evaluate(
            async ({ url, text, type }) => {
              const got = await fetch(url, { method: 'POST', body: text, headers: { 'content-type': type } })
              return { status: got.status, text: await got.text() }
            },
            { url: request.url, text: request.postData?.text ?? '', type: request.postData?.mimeType ?? '' },
          )
          t.deepEqual(answer, { status: response.status, text: response.content.text ?? '' })
        }
      } finally {
        await browser.close()
      }
    },
  )
