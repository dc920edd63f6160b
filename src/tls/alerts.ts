/** Alert descriptions (https://www.iana.org/assignments/tls-parameters, TLS Alerts). */
const DESCRIPTIONS: Readonly<Record<number, string>> = {
  0: 'close_notify',
  1: 'end_of_early_data',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  60: 'export_restriction',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  111: 'certificate_unobtainable',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  114: 'bad_certificate_hash_value',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
  121: 'ech_required',
}

export const CLOSE_NOTIFY = 0
const USER_CANCELED = 90
const NO_RENEGOTIATION = 100
const FATAL = 2

/** What an alert accuses the other side of, where its description says more than that the connection is over. */
const MEANINGS: Readonly<Record<number, string>> = {
  42: "refused the PEER's certificate",
  43: "refused the PEER's certificate",
  44: "refused the PEER's certificate",
  45: "refused the PEER's certificate",
  46: "refused the PEER's certificate",
  48: "refused the PEER's certificate",
  113: "refused the PEER's certificate",
  40: 'found no cipher suite or parameters that both sides accept',
  49: 'denied access',
  70: 'accepts none of the TLS versions that the PEER offered',
  71: "found the PEER's cipher suites too weak",
  112: 'does not know the server name',
  116: 'wants a client certificate',
  120: 'accepts none of the application protocols (ALPN) that the PEER offered',
}

export function alertName(description: number): string {
  return DESCRIPTIONS[description] ?? `alert ${description}`
}

/** Whether an alert ends the connection because something went wrong: no closure alert, no refused renegotiation (RFC 8446 6). */
export function isFailure(level: number, description: number): boolean {
  return description !== CLOSE_NOTIFY && description !== USER_CANCELED && (level === FATAL || description !== NO_RENEGOTIATION)
}

/** An alert in words: "the client refused the server's certificate: unknown_ca". */
export function alertText(fromClient: boolean, description: number): string {
  const [self, peer] = fromClient ? ['client', 'server'] : ['server', 'client']
  const meaning = MEANINGS[description]?.replace('PEER', peer) ?? 'ended the connection with an alert'
  return `the ${self} ${meaning}: ${alertName(description)}`
}
