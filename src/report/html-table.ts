import { diagnosedParties, isFailing, isRefused, type VerdictWord, verdictWord } from './conduct.ts'
import { type HtmlPage, requestLink } from './html-page.ts'
import { type Markup, markup } from './markup.ts'
import { counted, grouped } from './phrases.ts'
import { CHECK_NAMES, type CheckValue, type Party, type ReportRequest } from './report.ts'
import { CHECK_HEADS, CHECK_WORDS, chooseRows, mainOrigin, shownUrl } from './table-rows.ts'

const MAX_ROWS = 5000
const MAX_URL = 300

const TONES: Readonly<Record<VerdictWord, string>> = {
  ok: 'good',
  warning: 'warn',
  refused: 'warn',
  client: 'bad loud',
  server: 'bad loud',
  both: 'bad loud',
  proxy: 'bad loud',
  unknown: 'warn',
  none: 'quiet',
}
const CHECK_TONES: Readonly<Record<CheckValue, string>> = {
  pass: 'good',
  fail: 'bad',
  unknown: 'warn',
  'not-applicable': 'quiet',
}

/** One line a request, with a choice of which are shown that needs no script. */
export function* tablePart(page: HtmlPage): Iterable<Markup> {
  const { requests } = page.report
  if (requests.length === 0) return
  const { rows, left, which } = chooseRows(requests, MAX_ROWS)
  const origin = mainOrigin(rows)
  const day = rows.find((request) => request.time !== null)?.time?.slice(0, 10)
  const about = [day === undefined ? 'Times unknown' : `From ${page.safe(day)}, times in UTC`]
  if (origin !== null) about.push(`paths are on ${page.safe(origin, 200)}`)
  const { glyphs } = page
  yield markup`<section id="requests" aria-labelledby="requests-head">
<h2 id="requests-head">Requests</h2>
${filterOf(rows)}
<p class="quiet">${glyphs.pass} ${CHECK_WORDS.pass}, ${glyphs.fail} ${CHECK_WORDS.fail}, ${glyphs.unknown} ${CHECK_WORDS.unknown}, ${glyphs.none} ${CHECK_WORDS['not-applicable']}. Verdict: who broke the protocol in the request or in its answer.</p>
<div class="scroll" role="region" aria-label="Table of requests" tabindex="0">
<table>
<caption class="hidden">${about.join(', ')}</caption>
<thead><tr><th scope="col">#</th><th scope="col">Time</th><th scope="col">Method</th><th scope="col">Resource</th><th scope="col">HTTP</th>${CHECK_NAMES.map((name) => markup`<th scope="col" class="check">${CHECK_HEADS[name]}</th>`)}<th scope="col">Verdict</th><th scope="col">URL</th></tr></thead>
<tbody>`
  const diagnosed = diagnosedParties(page.report)
  for (const request of rows) yield rowOf(page, request, origin, diagnosed)
  const more = left === 0 ? '' : ` ${counted(left, 'more request')}${which} left out: the JSON report has everything.`
  yield markup`</tbody>
</table>
</div>
<p class="quiet">${about.join(', ')}.${more}</p>
</section>`
}

function filterOf(rows: readonly ReportRequest[]): Markup {
  const failing = rows.filter(isFailing).length
  const found = rows.filter(({ findings }) => findings.length > 0).length
  const choice = (id: string, text: string, chosen: boolean) =>
    markup`<span class="choice"><input type="radio" name="show" id="${id}"${chosen ? markup` checked` : null}> <label for="${id}">${text}</label></span> `
  return markup`<fieldset><legend>Show</legend>${choice('show-all', `all (${grouped(rows.length)})`, true)}${choice('show-failing', `failed or refused (${grouped(failing)})`, false)}${choice('show-found', `with findings (${grouped(found)})`, false)}</fieldset>`
}

function rowOf(page: HtmlPage, request: ReportRequest, origin: string | null, diagnosed: ReadonlyMap<number, Party>): Markup {
  const { glyphs } = page
  const word = verdictWord(request, diagnosed)
  const marks = { pass: glyphs.pass, fail: glyphs.fail, unknown: glyphs.unknown, 'not-applicable': glyphs.none }
  const checks = CHECK_NAMES.map((name) => {
    const value = request.checks[name]
    return markup`<td class="check ${CHECK_TONES[value]}"><span aria-hidden="true">${marks[value]}</span><span class="hidden">${CHECK_WORDS[value]}</span></td>`
  })
  const groups = `${isFailing(request) ? 'failing ' : ''}${request.findings.length > 0 ? 'found' : ''}`.trim()
  const status = request.response === null ? glyphs.none : String(request.response.status)
  return markup`<tr class="${groups}"><th scope="row">${requestLink(page, request.id)}</th><td class="mono">${page.safe(request.time?.slice(11, 23) ?? '')}</td><td>${page.safe(request.method, 20)}</td><td>${page.safe(request.resource, 20)}</td><td${isRefused(request) ? markup` class="warn"` : null}>${status}</td>${checks}<td class="${TONES[word]}">${word === 'none' ? glyphs.none : word}</td><td class="url mono">${page.safe(shownUrl(request.url, origin), MAX_URL)}</td></tr>`
}
