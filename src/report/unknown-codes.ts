import type { UnknownCode } from '../acme/traffic.ts'

/** What each U-code means, and what would make the next capture able to tell. */
export const UNKNOWN_CODES: Readonly<Record<UnknownCode, { readonly meaning: string; readonly remedy: string }>> = {
  'U-TLS': {
    meaning: 'The TLS session that carried it could not be decrypted.',
    remedy: 'Record the TLS secrets (SSLKEYLOGFILE) while capturing and pass the file with --keylog.',
  },
  'U-GAP': {
    meaning: 'Octets that the check needs were not captured.',
    remedy: 'Capture without a snap length (tcpdump -s 0), closer to the client; export a HAR with its bodies.',
  },
  'U-RESP': {
    meaning: 'The answer to the request is not in the capture.',
    remedy: 'Capture both directions, and stop only after the last answer.',
  },
  'U-START': {
    meaning: 'The capture began after the exchange that would show what to compare with.',
    remedy: 'Start the capture before the client starts, so that directory, registration and first nonce are in it.',
  },
  'U-ROLE': {
    meaning: 'What this URL is for is only guessed: no directory or answer in the capture names it.',
    remedy: 'Start the capture before the client fetches the directory.',
  },
  'U-KEY': {
    meaning: 'The public key of the signer is not known.',
    remedy: 'Start the capture before the client registers, or pass its public key with --account-key.',
  },
  'U-OTHER': {
    meaning: 'Something outside this capture may have taken part.',
    remedy: 'Capture on the client itself, with every process and every connection that uses the account.',
  },
  'U-SIDE': {
    meaning: 'The validation traffic does not pass this capture point.',
    remedy: 'Capture DNS and ports 80 and 443 of the machine that answers the challenges too.',
  },
  'U-SECRET': {
    meaning: 'The check needs a secret that only the operator has.',
    remedy: 'Pass the external account binding key with --eab-key.',
  },
  'U-REDACT': {
    meaning: 'The field was removed or changed by the tool that captured it.',
    remedy: 'Export again without redaction, or analyse where the capture was made.',
  },
  'U-CLOCK': {
    meaning: 'The times of the captures cannot be compared.',
    remedy: 'Capture on one machine, or with synchronised clocks.',
  },
}

export function isUnknownCode(code: string): code is UnknownCode {
  return Object.hasOwn(UNKNOWN_CODES, code)
}
