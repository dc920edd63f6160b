import { isFailing, isRefused } from './conduct.ts'
import { type HtmlPage, requestLink } from './html-page.ts'
import { type Markup, markup } from './markup.ts'
import { counted } from './phrases.ts'
import type { ReportRequest } from './report.ts'
import { answerText } from './told.ts'

/** Requests drawn at most. */
const MAX_STEPS = 40

/** What was said, in order: the requests that the first diagnosis rests on, or all of a short capture, as arrows between two lines. */
export function* sequencePart(page: HtmlPage): Iterable<Markup> {
  const { requests, diagnoses } = page.report
  const told = new Set(diagnoses[0]?.requests)
  const story = told.size === 0 ? (requests.length > MAX_STEPS ? [] : requests) : requests.filter(({ id }) => told.has(id))
  const steps = story.slice(0, MAX_STEPS)
  const [first] = steps
  if (first === undefined) return
  yield markup`<h2>${told.size === 0 ? 'What was said' : 'How it happened'}</h2>
<div class="lanes" aria-hidden="true"><span>Client</span><span>Server</span></div>
<ol class="sequence">`
  let last = first.id - 1
  for (const request of steps) {
    const between = requests.filter(({ id }) => id > last && id < request.id).length
    if (between > 0) yield markup`<li class="between">${counted(between, 'request')} in between</li>`
    yield* stepOf(page, request)
    last = request.id
  }
  if (story.length > steps.length) yield markup`<li class="between">${counted(story.length - steps.length, 'more request')}</li>`
  yield markup`</ol>`
}

/** The CA's own fetches of a challenge go the other way. */
function* stepOf(page: HtmlPage, request: ReportRequest): Iterable<Markup> {
  const [there, back] = request.resource === 'validation' ? ['left', 'right'] : ['right', 'left']
  const asks = request.resource === 'validation' ? 'The CA asks' : 'Client'
  const replies = request.resource === 'validation' ? 'is answered' : 'Server'
  const wrong = request.compliant === false
  yield markup`<li class="${there}${wrong ? ' bad' : null}"><span>${requestLink(page, request.id, `Request ${request.id}`)} <span class="hidden">${asks}:</span> <strong>${page.safe(`${request.method} ${request.resource}`, 60)}</strong> ${signedWith(request)}${wrong ? markup` <em>${page.glyphs.fail} breaks the protocol</em>` : null}</span></li>`
  const tone = request.response === null ? ' quiet' : isRefused(request) ? (isFailing(request) ? ' bad' : ' warn') : ''
  yield markup`<li class="${back}${tone}"><span><span class="hidden">${replies}:</span> ${answerText(page, request)}</span></li>`
}

/** How the request names its account, which is what most stories turn on. */
function signedWith({ protected: header }: ReportRequest): string {
  if (header === null) return ''
  const names = ['kid', 'jwk'].filter((name) => Object.hasOwn(header, name))
  return names.length === 0 ? 'with neither kid nor jwk' : `with ${names.join(' and ')}`
}
