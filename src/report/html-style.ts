import { markup } from './markup.ts'

/** The whole look: no fonts, no images, nothing from anywhere else. Light and dark as the reader's system says, and ink on paper. */
export const STYLE = markup`
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #f3f5f7; --line: #c9d1d9; --quiet: #57606a;
  --good: #116329; --bad: #b3261e; --warn: #7a4b00; --link: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0f141a; --soft: #1a212a; --line: #3b444f; --quiet: #a3adb8;
    --good: #63c97a; --bad: #ff8f85; --warn: #e5b454; --link: #7fb8ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.5rem clamp(1rem, 3vw, 2.5rem) 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .2rem 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p, ul, dl { margin: .4rem 0; }
a { color: var(--link); }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; }
.quiet { color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.verdict { border-left: .4rem solid currentcolor; background: var(--soft); padding: 1rem 1.4rem; border-radius: .3rem; }
.verdict > * { color: var(--ink); } .verdict > h1 { color: inherit; }
.verdict dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.2rem; }
dt { font-weight: 600; grid-column: 1; } dd { margin: 0; grid-column: 2; }
@media (max-width: 40rem) { .verdict dl { grid-template-columns: 1fr; gap: .1rem; } .verdict dd { grid-column: 1; margin-bottom: .6rem; } }
fieldset { border: 1px solid var(--line); border-radius: .3rem; margin: .6rem 0; padding: .3rem .9rem .5rem; }
.choice { white-space: nowrap; margin-right: 1.2rem; }
.scroll { position: relative; overflow-x: auto; border: 1px solid var(--line); border-radius: .3rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; overflow-wrap: normal; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
thead th { background: var(--soft); } tbody tr:last-child > * { border-bottom: 0; }
td.check, th.check { text-align: center; } td.url { white-space: normal; overflow-wrap: anywhere; min-width: 16rem; }
td.loud { font-weight: 700; }
#requests:has(#show-failing:checked) tbody tr:not(.failing), #requests:has(#show-found:checked) tbody tr:not(.found) { display: none; }
.findings > li { margin: .5rem 0; } .findings dl { margin: .2rem 0 .2rem .2rem; display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; }
.findings dt { font-weight: 400; color: var(--quiet); }
.sequence { list-style: none; margin: .6rem 0; padding: 0; max-width: 60rem; border: solid var(--line); border-width: 0 2px; }
.lanes { display: flex; justify-content: space-between; max-width: 60rem; font-weight: 600; }
.sequence li { position: relative; padding: .5rem 1rem .1rem; margin: 0; border-bottom: 2px solid currentcolor; }
.sequence li > span { color: var(--ink); } .sequence li.bad > span > em { color: var(--bad); font-style: normal; }
.sequence li::after { content: ""; position: absolute; bottom: -7px; border: 6px solid transparent; }
.sequence li.right::after { right: 0; border-left-color: currentcolor; border-right-width: 0; }
.sequence li.left { text-align: right; } .sequence li.left::after { left: 0; border-right-color: currentcolor; border-left-width: 0; }
.sequence li.between { border-bottom: 0; text-align: center; color: var(--quiet); } .sequence li.between::after { display: none; }
details { border: 1px solid var(--line); border-radius: .3rem; margin: .3rem 0; padding: .2rem .8rem; }
summary { cursor: pointer; padding: .2rem 0; }
details > div { scroll-margin-top: 4rem; }
pre { background: var(--soft); padding: .8rem; border-radius: .3rem; overflow-x: auto; white-space: pre-wrap; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--quiet); }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; } fieldset { display: none; } .scroll { overflow: visible; border: 0; }
  th, td { white-space: normal; padding: .1rem .3rem; } td.url { min-width: 0; } tr, li, .verdict { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`
