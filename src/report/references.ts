/** A section of an RFC or of an Internet-Draft, as the rules cite it: "RFC 8555 §6.2", "RFC 7515 App. F", "draft-ietf-acme-profiles §3". */
const CITED = /^(?:RFC (\d{1,5})|(draft-[a-z0-9-]{3,80}))(?: (?:§(\d+(?:\.\d+)*)|App\. ([A-Z](?:\.\d+)*)))?$/

/** Where the cited section can be read; null for what is no RFC and no draft. */
export function linkOf(reference: string): string | null {
  const parts = CITED.exec(reference)
  if (parts === null) return null
  const [, rfc, draft, section, appendix] = parts
  const page =
    rfc === undefined ? `https://datatracker.ietf.org/doc/html/${draft}` : `https://www.rfc-editor.org/rfc/rfc${rfc}.html`
  if (section !== undefined) return `${page}#section-${section}`
  return appendix === undefined ? page : `${page}#appendix-${appendix}`
}

/** A finding cites several at once, with commas between. */
export function referencesOf(references: string): string[] {
  return references.split(', ').filter((reference) => reference !== '')
}
