import { contactsOf, schemeOf } from '../contacts.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

export const accountContactScheme: Rule = {
  id: 'account-contact-scheme',
  group: 'account',
  party: 'client',
  severity: 'warning',
  level: 'request',
  tier: 1,
  title: 'Contact uses a supported scheme',
  norm: 'Servers that check contacts must support mailto; other schemes are answered unsupportedContact.',
  decide:
    'A warning if a contact has another scheme than mailto, the only one that a server has to support. For a bare address see account-contact-mailto.',
  traps: ['An empty array is fine and means no contact.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 unsupportedContact (new accounts only; later contact updates are ignored)',
    Pebble: '400 unsupportedContact',
    'step-ca': 'Only refuses the empty string: 400 malformed',
    'golang.org/x/crypto/acme': 'Passes through',
  },
  remedy: "Write 'mailto:admin@example.com'.",
  references: ['RFC 8555 §7.3'],
  why: 'A CA has to take mailto only. With another scheme it may make no account.',
  fixes: { 'cert-manager': 'spec.acme.email takes an e-mail address and nothing else.' },
  examples: { fails: '{"contact": ["tel:+12025551212"]}', passes: '{"contact": ["mailto:admin@example.org"]}' },
  explains: { types: ['unsupportedContact', 'invalidContact'], details: [/contact/i] },
  judge(request) {
    if (request.resource === 'newAccount' || request.resource === 'account') {
      const lost = lostBody(request)
      if (lost !== null) return lost
    }
    const contacts = contactsOf(request)
    if (contacts.length === 0) return undefined
    const others = contacts.filter((contact) => !['mailto', null].includes(schemeOf(contact)))
    if (others.length === 0) return HOLDS
    return broken(
      accountContactScheme,
      `The contact ${others.map(quote).join(', ')} is no mailto URL, and mailto is all that a server has to support.`,
      {
        evidence: { contacts: others },
      },
    )
  },
}
