import { contactsOf, schemeOf } from '../contacts.ts'
import { broken, HOLDS, type Rule, type Severity } from '../rule.ts'
import { lostBody, quote } from '../scope.ts'

interface Flaw {
  readonly severity: Severity
  readonly words: string
}

/** RFC 2606, RFC 6761: names that never receive mail. */
const NO_MAIL = /@(?:[^@]*\.)?(?:example\.(?:com|net|org)|example|invalid|test|localhost)$/i

function flawOf(contact: string): Flaw | null {
  if (schemeOf(contact) === null) return { severity: 'error', words: 'is no URL' } // RFC 8555 7.1.2: an array of URLs
  if (schemeOf(contact) !== 'mailto') return null
  const rest = contact.slice('mailto:'.length)
  const addresses = (rest.split(/[?#]/)[0] as string).split(',').filter((address) => address !== '')
  // RFC 8555 7.3: no hfields, no more than one addr-spec.
  if (rest.includes('?')) return { severity: 'error', words: 'has header fields after "?"' }
  if (addresses.length > 1) return { severity: 'error', words: `has ${addresses.length} addresses` }
  if (rest.includes('#')) return { severity: 'warning', words: 'has a fragment' }
  if (/[<>\s"]/.test(rest)) return { severity: 'warning', words: 'has a display name or characters that a URL does not take' }
  if (/[^\x21-\x7e]/.test(rest)) return { severity: 'warning', words: 'has characters that are not percent-encoded (RFC 6068 2)' }
  if (!/^[^@]+@[^@]+$/.test(rest)) return { severity: 'warning', words: 'holds no mail address' }
  return NO_MAIL.test(rest) ? { severity: 'info', words: 'names a domain that receives no mail' } : null
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

export const accountContactMailto: Rule = {
  id: 'account-contact-mailto',
  group: 'account',
  party: 'client',
  severity: 'error',
  level: 'request',
  tier: 1,
  title: 'mailto has one address and no headers',
  norm: 'Every contact is a URL; a mailto contact holds a single address, without ?subject-like fields.',
  decide:
    'Broken if a contact is no URL (a bare address), or a mailto has header fields ("?") or more than one address. A "#", a name beside the address or non-ASCII text is a warning, a domain that receives no mail (.invalid) a note.',
  traps: ['Boulder no longer stores contacts, it still validates them at creation.'],
  unknownWhen: ['U-GAP'],
  inPractice: {
    Boulder: '400 invalidContact; forbids example domains by policy; count limit answers malformed',
    Pebble: '400 invalidContact',
    'step-ca': 'Not checked',
    'golang.org/x/crypto/acme': 'Passes through',
  },
  remedy: 'One plain ASCII address per mailto.',
  references: ['RFC 8555 §7.3', 'RFC 8555 §7.1.2', 'RFC 6068 §2'],
  why: 'The CA refuses the account, or its mail about a lost certificate reaches nobody.',
  fixes: {
    'cert-manager': 'Write one plain address into spec.acme.email.',
    certbot: 'Give one plain address to --email.',
    lego: 'Give one plain address to --email.',
    'acme.sh': 'Give one plain address to --accountemail.',
  },
  examples: { fails: '{"contact": ["admin@example.org"]}', passes: '{"contact": ["mailto:admin@example.org"]}' },
  explains: { types: ['invalidContact', 'malformed'], details: [/contact/i] },
  judge(request) {
    if (request.resource === 'newAccount' || request.resource === 'account') {
      const lost = lostBody(request)
      if (lost !== null) return lost
    }
    const contacts = contactsOf(request)
    if (contacts.length === 0) return undefined
    const flawed: { contact: string; flaw: Flaw }[] = []
    for (const contact of contacts) {
      const flaw = flawOf(contact)
      if (flaw !== null) flawed.push({ contact, flaw })
    }
    flawed.sort((a, b) => RANK[a.flaw.severity] - RANK[b.flaw.severity])
    const [worst] = flawed
    if (worst === undefined) return HOLDS
    return broken(
      accountContactMailto,
      `${flawed.map(({ contact, flaw }) => `The contact ${quote(contact)} ${flaw.words}`).join('. ')}.`,
      {
        severity: worst.flaw.severity,
        evidence: { contacts: flawed.map(({ contact }) => contact) },
      },
    )
  },
}
