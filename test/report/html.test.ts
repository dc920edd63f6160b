import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { renderHtml } from '../../src/report/html.ts'
import { DEFAULT_RENDER_OPTIONS, type RenderOptions } from '../../src/report/page.ts'
import type { Report } from '../../src/report/report.ts'
import { axeSource, type Browser, type ContextOptions, launchBrowser, type Page } from './browser.ts'
import { ATTACKS, hostileReport } from './hostile.ts'
import * as reports from './reports.ts'

function render(report: Report, options: Partial<RenderOptions> = {}): string {
  return [...renderHtml(report, { ...DEFAULT_RENDER_OPTIONS, ...options })].join('')
}

const folder = mkdtempSync(join(tmpdir(), 'acmescope-html-'))
const browser: Browser | null = await launchBrowser()
test.after.always(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

let files = 0
interface Opened {
  page: Page
  /** What the page wrote to its console, threw, asked the network for, or popped up. */
  noise: string[]
}

async function open(html: string, options: ContextOptions = {}): Promise<Opened> {
  const context = await (browser as Browser).newContext({ viewport: { width: 1200, height: 900 }, ...options })
  const page = await context.newPage()
  const noise: string[] = []
  page.on('console', (message) => noise.push(message.text()))
  page.on('pageerror', (error) => noise.push(error.message))
  page.on('dialog', (dialog) => {
    noise.push(dialog.message())
    void dialog.dismiss()
  })
  const path = join(folder, `${files++}.html`)
  writeFileSync(path, html)
  page.on('request', (request) => {
    if (request.url() !== `file://${path}`) noise.push(request.url())
  })
  await page.goto(`file://${path}`)
  return { page, noise }
}

/** The tests below look at the page in Debian's chromium; without it they are skipped. */
const inBrowser = (browser === null ? test.skip : test) as typeof test

inBrowser('html: the verdict comes first, and nothing is asked of the network or refused by the policy', async (t) => {
  const { page, noise } = await open(render(reports.serverStory()))
  t.is(
    await page.locator('main > *').first().locator('h1').textContent(),
    'The server is at fault: The server refused a compliant newOrder request',
  )
  t.is(await page.locator('tbody tr').count(), 10)
  t.deepEqual(await page.locator('tbody tr').nth(5).locator('td.check > span:first-child').allTextContents(), [
    '✗',
    '✗',
    '✓',
    '✓',
    '✓',
  ])
  t.is(
    await page.evaluate('getComputedStyle(document.querySelector(".verdict")).borderLeftStyle'),
    'solid',
    'the style is in force',
  )
  t.is(await page.locator('script').count(), 0)
  t.deepEqual(noise, [])
})

inBrowser('html: the filter shows what it says, without a script', async (t) => {
  const { page } = await open(render(reports.serverStory()))
  const visible = () => page.locator('tbody tr:visible th').allTextContents()
  t.is((await visible()).length, 10)
  await page.getByLabel('failed or refused (3)').check()
  t.deepEqual(await visible(), ['5', '6', '8'])
  await page.getByLabel('with findings (2)').check()
  t.deepEqual(await visible(), ['6', '7'])
})

inBrowser('html: a link from the table unfolds the details; paper shows all of them', async (t) => {
  const { page } = await open(render(reports.serverStory()))
  const detail = page.locator('#request-6')
  t.false(await detail.isVisible())
  await page.locator('tbody th a').nth(5).click()
  t.true(await detail.isVisible())
  t.regex(await detail.textContent(), /"jwkPresent": true/)
  t.is(await page.locator('details[open]').count(), 1)
  await page.emulateMedia({ media: 'print' })
  t.true(((await page.evaluate('document.querySelector("#request-3").getBoundingClientRect().height')) as number) > 100)
})

async function violations({ page }: Opened): Promise<string[]> {
  await page.evaluate(axeSource())
  const found = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + " " + nodes[0].html))',
  )
  return found as string[]
}

for (const [title, report, colorScheme, width] of [
  ['light', reports.serverStory(), 'light', 1200],
  ['dark, on a telephone', reports.serverStory(), 'dark', 400],
  ['nothing wrong', reports.honestHar(), 'light', 1200],
  ['nothing at all', reports.report('undetermined', { connections: [], inputs: [] }), 'dark', 1200],
  ['hostile', hostileReport(), 'light', 800],
] as const) {
  inBrowser(`html: accessible by axe-core, and no wider than the screen: ${title}`, async (t) => {
    const opened = await open(render(report), { bypassCSP: true, colorScheme, viewport: { width, height: 900 } })
    t.deepEqual(await violations(opened), [])
    t.true(((await opened.page.evaluate('document.documentElement.scrollWidth')) as number) <= width)
  })
}

inBrowser('html: nothing in a report becomes an element, an attribute or a script', async (t) => {
  const { page, noise } = await open(render(hostileReport()))
  await inert(t, page, await open(render(reports.serverStory())).then((clean) => clean.page))
  t.deepEqual(noise, [])
  const text = await page.evaluate('document.body.textContent')
  for (const attack of [ATTACKS[1], ATTACKS[2]]) t.true((text as string).includes(attack as string))
})

/** The same elements with the same attributes as a page without an attack, but for what the data decides. */
async function inert(t: ExecutionContext, page: Page, clean: Page): Promise<void> {
  const shape = (of: Page) =>
    of.evaluate(
      '[...new Set([...document.querySelectorAll("*")].map((element) => [element.localName, ...[...element.attributes].map(({ name }) => name).sort()].join(" ")))].sort()',
    )
  t.deepEqual(await shape(page), await shape(clean))
  const hrefs = (await page.evaluate('[...document.links].map((link) => link.getAttribute("href"))')) as string[]
  t.true(hrefs.length > 10)
  for (const href of hrefs) t.regex(href, /^(#request-\d+|https:\/\/www\.rfc-editor\.org\/rfc\/rfc\d+\.html#[\w.-]+)$/)
}

test('html: a huge report is bounded and says what it left out', (t) => {
  const html = render(reports.largeReport(100_000))
  t.true(html.length < 12_000_000, `${html.length}`)
  t.regex(html, /95,000 more requests left out/)
  t.regex(html, /99,000 more requests left out/)
})

test('html: quiet leaves the verdict and the counts', (t) => {
  const html = render(reports.serverStory(), { quiet: true })
  t.regex(html, /<h2>Summary<\/h2>/)
  t.notRegex(html, /<table|<pre/)
})
