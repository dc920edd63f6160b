/** One kind of thing that redaction hides. */
export interface CategoryRow {
  readonly name: string
  /** What `--keep` may leave readable; what is secret by nature may not be kept. */
  readonly keepable: boolean
  readonly describe: string
}

/** Names first: they get pseudonyms. Then secrets: what stands for them tells at most that two of them were equal. */
export const CATEGORIES = [
  { name: 'host', keepable: true, describe: 'host names that are not identifiers, of CAs, proxies and resolvers' },
  { name: 'identifier', keepable: true, describe: 'domain names and addresses that certificates are asked for' },
  { name: 'address', keepable: true, describe: 'IP addresses' },
  { name: 'url', keepable: true, describe: 'parts of URL paths and queries that are not plain ACME words' },
  { name: 'contact', keepable: true, describe: 'e-mail addresses and other contacts' },
  { name: 'nonce', keepable: true, describe: 'anti-replay nonces' },
  { name: 'key', keepable: true, describe: 'public account keys and their thumbprints' },
  { name: 'name', keepable: true, describe: 'names of pods, namespaces and other objects' },
  { name: 'file', keepable: true, describe: 'names of input files' },
  { name: 'comment', keepable: true, describe: 'comments in the capture' },
  { name: 'cookie', keepable: false, describe: 'cookies' },
  { name: 'authorization', keepable: false, describe: 'Authorization fields, passwords in URLs' },
  { name: 'eab', keepable: false, describe: 'key identifiers and keys of external account bindings' },
  { name: 'token', keepable: false, describe: 'challenge tokens and key authorizations' },
  { name: 'secret', keepable: false, describe: 'TLS secrets and private key members' },
  { name: 'signature', keepable: false, describe: 'signatures and MACs (keyed digests stand for them)' },
  { name: 'certificate', keepable: false, describe: 'CSRs and certificates (digests stand for them)' },
  { name: 'body', keepable: false, describe: 'bodies that are not ACME or could not be read as such' },
  { name: 'field', keepable: false, describe: 'header fields that ACME does not need' },
  { name: 'value', keepable: false, describe: 'values of members that are not known' },
] as const satisfies readonly CategoryRow[]

export type Category = (typeof CATEGORIES)[number]['name']

export const KEEPABLE: readonly Category[] = CATEGORIES.filter(({ keepable }) => keepable).map(({ name }) => name)
