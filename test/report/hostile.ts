import type { Report } from '../../src/report/report.ts'
import * as reports from './reports.ts'

/** What a capture may hold to act on whoever shows it: a terminal, Markdown, HTML, XML, a CI system's log. */
export const ATTACKS: readonly string[] = [
  '\u001b[31m\u0007\u009b2J\u202e\u2066\u200b\u2028\r\n\ttext\ud800 \ufffe\uffff',
  '<script>alert(1)</script><img src=x onerror=alert(1)>"\'><b>',
  ']]>&lt;&#0;&amp;<!-- --><?xml?><!ENTITY x "y">',
  '| a | b |\n|---|---|\n| `x` | **y** | \\| \\',
  '`` ` ``` ~~~ ~~x~~ *x* __y__ # h\n1. - + > - [ ] [^1] $x$',
  '[link](javascript:alert(1)) ![i](http://evil.example/p.png) <http://evil.example> www.evil.example me@evil.example',
  '@admin #123 GH-1 a/b#2 !5 :tada: deadbeefdeadbeefdeadbeefdeadbeefdeadbeef',
  '::error file=x,line=1::owned%0A::add-mask::x\n::stop-commands::t\n##[error]x ##vso[task.setvariable]x',
  '</details></summary></style></table><style>*{display:none}</style>{{x}} $' + '{x} %s',
]

const CLOSED = new Set([
  'severity',
  'party',
  'confidence',
  'verdict',
  'resource',
  'rule',
  'reference',
  'time',
  'firstTime',
  'lastTime',
  'startTime',
  'id',
  'sha256',
])
const CHECKS = new Set(['kid', 'jwk', 'nonce', 'url', 'signature'])

/** Every string of a report replaced by an attack, but for those that the model closes; `count` requests, or those of the story. */
export function hostileReport(count = 0): Report {
  let at = 0
  const poison = (value: unknown, name: string, inChecks: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => poison(item, name, inChecks))
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, poison(member, key, name === 'checks')]))
    if (typeof value !== 'string' || CLOSED.has(name) || (inChecks && CHECKS.has(name)) || value === '') return value
    at++
    return `${ATTACKS[at % ATTACKS.length]}${value}${ATTACKS[(at * 7) % ATTACKS.length]}`
  }
  const story = reports.serverStory()
  const requests = count === 0 ? story.requests : reports.largeReport(count).requests
  return poison({ ...story, requests }, '', false) as Report
}
