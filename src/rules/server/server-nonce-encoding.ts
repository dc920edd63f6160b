import { fieldLines } from '../../http/exchange.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

export const serverNonceEncoding: Rule = {
  id: 'server-nonce-encoding',
  group: 'server',
  party: 'server',
  severity: 'error',
  level: 'exchange',
  tier: 1,
  title: 'Replay-Nonce is base64url',
  norm: '1*(ALPHA/DIGIT/-/_); clients ignore invalid values.',
  decide: 'Fail on other characters or several differing values in one response.',
  traps: ['acme2certifier sends hex text: valid by the grammar.'],
  unknownWhen: [],
  inPractice: {
    Boulder: 'Prefix + base64url',
    Pebble: '16 octets',
    'step-ca': 'base64url of random text',
    'golang.org/x/crypto/acme': 'Not validated',
  },
  remedy: 'Server: encode properly.',
  references: ['RFC 8555 §6.5.1'],
  why: 'Clients have to ignore such a nonce, and then have none.',
  examples: { fails: 'Replay-Nonce: not/base64url=', passes: 'Replay-Nonce: oFvnlFP1wIhRlYS2jTaXbA' },
  explains: { types: [], details: [] },
  judge(request) {
    const { response, replayNonce } = request
    if (response === null || replayNonce === null) return undefined
    if (/^[A-Za-z0-9_-]+$/.test(replayNonce)) return HOLDS
    const lines = fieldLines(response.headers, 'replay-nonce')
    const evidence = { replayNonce: lines }
    if (new Set(lines).size > 1)
      return broken(serverNonceEncoding, `The answer has ${lines.length} Replay-Nonce fields with different values.`, {
        evidence,
      })
    if (/^[A-Za-z0-9_-]+$/.test(lines[0] ?? ''))
      return broken(serverNonceEncoding, `The answer has the same Replay-Nonce ${lines.length} times.`, {
        severity: 'warning',
        evidence,
      })
    return broken(serverNonceEncoding, `Replay-Nonce ${quote(replayNonce)} is not base64url; clients have to ignore it.`, {
      evidence,
    })
  },
}
