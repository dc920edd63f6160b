/**
 * Words that tell nothing about anybody: those of ACME, JOSE, HTTP and of the paths that its servers use. Everything else in a path is
 * taken for an identifier or a secret.
 */
const WORDS: ReadonlySet<string> = new Set(
  `a account accounts acct acme acmechallenge action agreement alternate api ari auth authorization authorizations authority authz
  badnonce body ca caa cert certificate certificates certs certz chain chal chall challenge challenges chalz change client contact crl
  csr deactivated dir directory dns draft eab error errors expired external false finalize frames get header health home host http https
  id ids identifier identifiers index info initial invalid issuer jose json jwk key keyid keys kid list location me method my name names
  new nonce nonces null object orders order orderz authzs bindings binding other payload pem pending plz post preauthz private problem
  processing profile profiles protected proxy public ready reason renewal request requests resource response revoke revocation revoked
  rollover root server service session sign signature star status subproblems terms tls token tos type up update url urls user v valid
  validation value version well wellknown known with z`.split(/\s+/),
)

/** "new-order", "newAccount", "acme", "v2", "authz-v3": words alone, however they are joined. */
export function isPlainWords(text: string): boolean {
  const words = text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  return text.length <= 40 && words.every((word) => WORDS.has(word) || /^v\d$/.test(word))
}

/** Names of members that standards and well-known servers use (RFC 7515, 7517, 7807, 8555, 9773). */
const MEMBERS: ReadonlySet<string> = new Set(
  `account alg algorithms addressUsed addressesResolved addressesTried authorizations authz b64 caaIdentities cert certificate challenges
  challenge contact createdAt crit crv csr cty detail e error expires explanationURL externalAccountBinding externalAccountRequired
  finalize hostname id identifier identifiers initialIp instance header jwk key keyAuthorization keyChange kid kty meta n newAccount newAuthz newNonce newOrder
  nonce notAfter notBefore oldKey onlyReturnExisting orders payload port profile profiles protected reason renewalInfo replaces
  resource retryAfter revokeCert signature signatures start end status subproblems suggestedWindow termsOfService
  termsOfServiceAgreed title token typ type url use validated validationRecord value website wildcard x y pub d p q dp dq qi oth k priv key_ops
  ext up index agreement auto-renewal allow-certificate-get star-certificate lifetime lifetime-adjust start-date end-date min-lifetime
  max-duration subscriberLocation accountsOwned`.split(/\s+/),
)

export function isKnownMember(name: string): boolean {
  return MEMBERS.has(name)
}
