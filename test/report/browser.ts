import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The part of playwright-core that the tests use; its own types need those of a browser, which nothing else here may have. */
export interface Page {
  on(event: 'console', listener: (message: { text(): string }) => void): void
  on(event: 'pageerror', listener: (error: Error) => void): void
  on(event: 'request', listener: (request: { url(): string }) => void): void
  on(event: 'dialog', listener: (dialog: { message(): string; dismiss(): Promise<void> }) => void): void
  goto(url: string): Promise<unknown>
  /** `code` runs in the page; what it gives has to be JSON. */
  evaluate(code: string): Promise<unknown>
  emulateMedia(options: { media: 'print' }): Promise<void>
  locator(selector: string): Locator
  getByLabel(text: string): Locator
}

export interface Locator {
  first(): Locator
  nth(at: number): Locator
  locator(selector: string): Locator
  count(): Promise<number>
  textContent(): Promise<string>
  allTextContents(): Promise<string[]>
  isVisible(): Promise<boolean>
  click(): Promise<void>
  check(): Promise<void>
}

export interface ContextOptions {
  readonly bypassCSP?: boolean
  readonly colorScheme?: 'light' | 'dark'
  readonly viewport?: { readonly width: number; readonly height: number }
}

export interface Browser {
  newContext(options: ContextOptions): Promise<{ newPage(): Promise<Page> }>
  close(): Promise<void>
}

const require = createRequire(import.meta.url)

interface Playwright {
  readonly chromium: { launch(options: { readonly executablePath: string; readonly args: readonly string[] }): Promise<Browser> }
}

/** Debian's chromium, or another where it is usual; null where there is none. */
export async function launchBrowser(): Promise<Browser | null> {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  )
  if (executablePath === undefined) return null
  const { chromium } = require('playwright-core') as Playwright
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
}

/** axe-core, to be evaluated in a page. */
export function axeSource(): string {
  return (require('axe-core') as { readonly source: string }).source
}
