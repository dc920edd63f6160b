import type { ValidationHandshake } from '../../acme/side-evidence.ts'
import { contestStartedBy, validationServerName } from '../challenges.ts'
import { handshakesFor } from '../handshakes.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { quote } from '../scope.ts'

/** What is wrong with how the responder negotiated (RFC 8737 3), as a sentence; null when nothing is, or it cannot be seen. */
function mistakeIn({ handshake }: ValidationHandshake): string | null {
  const refusal = handshake.alerts.find(({ from, description }) => from === 'server' && description === NO_APPLICATION_PROTOCOL)
  if (refusal !== undefined) return 'The responder refused the protocol acme-tls/1 (alert no_application_protocol).'
  if (handshake.version !== null && /1\.[01]$|SSL/.test(handshake.version))
    return `The responder chose ${handshake.version}; TLS 1.2 or newer is needed.`
  if (!handshake.alpnKnown || handshake.alpn === 'acme-tls/1') return null
  return handshake.alpn === null
    ? 'The responder selected no protocol, so something else than the challenge responder answered.'
    : `The responder selected ${quote(handshake.alpn)}, not acme-tls/1.`
}

/** RFC 7301 3.2. */
const NO_APPLICATION_PROTOCOL = 120

export const tlsalpn01Handshake: Rule = {
  id: 'tlsalpn01-handshake',
  group: 'challenge',
  party: 'either',
  severity: 'error',
  level: 'session',
  tier: 2,
  title: 'tls-alpn-01 negotiates acme-tls/1',
  norm: 'The CA connects to TCP 443 with SNI of the name and ALPN list of exactly acme-tls/1; the responder must select it, with TLS 1.2 or newer, and the connection carries no application data.',
  decide:
    'Handshakes that offer acme-tls/1 for the name (reverse name for an address) between the response and its outcome. Server: the list is acme-tls/1 alone. Client: the responder selects it, with TLS 1.2 or newer, and does not answer alert 120; warning when the CA found the challenge valid. The finding stands with the response to the challenge and does not make it non-compliant.',
  traps: ['TLS 1.3 hides the selected ALPN and certificate: unknown without secrets.'],
  unknownWhen: ['U-SIDE', 'U-TLS'],
  inPractice: {
    Boulder: "unauthorized 'Cannot negotiate ALPN'; tls for alerts",
    Pebble: 'unauthorized',
    'step-ca': 'rejectedIdentifier, invalid',
    'golang.org/x/crypto/acme': 'TLSALPN01ChallengeCert helper',
  },
  remedy: 'Let the challenge responder see port 443 with ALPN; a TLS-terminating load balancer in front breaks it.',
  references: ['RFC 8737 §3', 'RFC 8737 §4', 'RFC 7301 §3.1', 'RFC 8738 §6'],
  why: 'A server that does not know acme-tls/1 shows its usual certificate, and the validation fails.',
  examples: { fails: 'The server selects h2', passes: 'The server selects acme-tls/1' },
  subjects: 'validation',
  explains: { types: ['unauthorized', 'tls', 'connection', 'rejectedIdentifier'], details: [] },
  judge(request, traffic) {
    const contest = contestStartedBy(request, traffic)
    if (contest?.type !== 'tls-alpn-01') return undefined
    const serverName = contest.identifier === null ? null : validationServerName(contest.identifier)
    const found = serverName === null ? [] : handshakesFor(serverName, request, contest, traffic)
    if (found.length === 0) return unknown('U-SIDE', 'no validation handshake for this challenge is in the capture')
    const wide = found.find(({ handshake }) => handshake.alpnOffered.length !== 1)
    if (wide !== undefined)
      return broken(
        tlsalpn01Handshake,
        `The validator offered ${wide.handshake.alpnOffered.map(quote).join(', ')}; the list has to be acme-tls/1 alone.`,
        {
          party: 'server',
          evidence: { offered: wide.handshake.alpnOffered.slice(0, 10), frames: wide.handshake.frames.slice(0, 10) },
        },
      )
    for (const one of found) {
      const mistake = mistakeIn(one)
      if (mistake === null) continue
      return broken(tlsalpn01Handshake, mistake, {
        party: 'client',
        severity: contest.succeeded ? 'warning' : 'error',
        evidence: {
          serverName,
          alpn: one.handshake.alpn,
          version: one.handshake.version,
          frames: one.handshake.frames.slice(0, 10),
        },
      })
    }
    if (found.some(({ handshake }) => handshake.alpn === 'acme-tls/1')) return HOLDS
    return unknown('U-TLS', 'what the responder selected is encrypted')
  },
}
