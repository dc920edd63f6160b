/** What the parser of the command line asks package string-width for; the bundle gives it ours instead, which loads faster. */
export { widthOf as default } from '../report/width.ts'
