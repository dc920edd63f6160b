import { type Markup, markup } from './markup.ts'
import type { Page } from './page.ts'
import { counted } from './phrases.ts'

export interface HtmlPage extends Page {
  /** Requests that have details on this page, and so can be linked to. */
  readonly linked: ReadonlySet<number>
}

export function requestLink({ linked }: HtmlPage, id: number, text: string = String(id)): Markup {
  return linked.has(id) ? markup`<a href="#request-${id}">${text}</a>` : markup`${text}`
}

/** The sentence that says what is not on the page; nothing when all is. */
export function* leftOut(left: number, one: string, many = `${one}s`): Iterable<Markup> {
  if (left > 0)
    yield markup`<p class="quiet">${counted(left, `more ${one}`, `more ${many}`)} left out: the JSON report has everything.</p>`
}
