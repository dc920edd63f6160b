import { objects } from '../../acme/answers.ts'
import { isObject, type JsonObject } from '../../jose/json-object.ts'
import { broken, HOLDS, type Rule } from '../rule.ts'
import { quote } from '../scope.ts'

/** The IANA registry of ACME error types, and what drafts are about to add. */
const REGISTERED: ReadonlySet<string> = new Set([
  'accountDoesNotExist',
  'alreadyReplaced',
  'alreadyRevoked',
  'autoRenewalCanceled',
  'autoRenewalCancellationInvalid',
  'autoRenewalExpired',
  'autoRenewalRevocationNotSupported',
  'badAttestationStatement',
  'badCSR',
  'badNonce',
  'badPublicKey',
  'badRevocationReason',
  'badSignatureAlgorithm',
  'caa',
  'compound',
  'connection',
  'dns',
  'externalAccountRequired',
  'incorrectResponse',
  'invalidContact',
  'invalidProfile',
  'malformed',
  'onionCAARequired',
  'orderNotReady',
  'rateLimited',
  'rejectedIdentifier',
  'serverInternal',
  'tls',
  'unauthorized',
  'unknownDelegation',
  'unsupportedContact',
  'unsupportedIdentifier',
  'userActionRequired',
])
const NAMESPACE = 'urn:ietf:params:acme:error:'

/** Every type that an answer names: of the problem, its parts, and of errors within orders and challenges. */
function typesOf(answer: JsonObject): string[] {
  const problems = [answer, ...objects(answer.subproblems)]
  for (const holder of [answer, ...objects(answer.challenges)])
    if (isObject(holder.error)) problems.push(holder.error, ...objects(holder.error.subproblems))
  return problems.map(({ type }) => type).filter((type) => typeof type === 'string')
}

export const serverProblemType: Rule = {
  id: 'server-problem-type',
  group: 'server',
  party: 'server',
  severity: 'warning',
  level: 'exchange',
  tier: 1,
  title: 'Type is a registered ACME error',
  norm: 'The ACME URN namespace must not be used for unregistered tokens.',
  decide:
    'Types of problem documents, of their subproblems, and of the error members of orders and challenges: warn for a token in the ACME namespace that the registry does not list (by the table in this program: the registry grows, so that a MUST NOT is a warning), or in the namespace of drafts before the RFC.',
  traps: ['Registry grows: keep the table updatable.'],
  unknownWhen: [],
  inPractice: {
    Boulder: "'conflict' (key change) is not registered",
    Pebble: 'Registered ones, plus profile draft',
    'step-ca': 'badAttestationStatement (draft); NotImplemented wrongly typed rejectedIdentifier',
  },
  remedy: 'Server: use registered types.',
  references: ['RFC 8555 §6.7', 'RFC 8555 §9.6', 'RFC 8555 §9.7.4'],
  why: 'Clients decide by the type what to do next; one they do not know is final.',
  examples: { fails: '{"type": "urn:acme:error:badNonce"}', passes: '{"type": "urn:ietf:params:acme:error:badNonce"}' },
  explains: { types: [], details: [] },
  judge(request) {
    if (request.response === null || !isObject(request.answer)) return undefined
    const types = typesOf(request.answer).filter((type) => type.startsWith('urn:'))
    if (types.length === 0) return undefined
    const wrong = [
      ...new Set(types.filter((type) => !type.startsWith(NAMESPACE) || !REGISTERED.has(type.slice(NAMESPACE.length)))),
    ]
    if (wrong.length === 0) return HOLDS
    const known = [...REGISTERED].filter((token) => wrong.some((type) => type.toLowerCase().endsWith(`:${token.toLowerCase()}`)))
    return broken(
      serverProblemType,
      `${wrong.map(quote).join(', ')} is no registered ACME error type${known.length === 0 ? '' : `; that is ${known.map((token) => quote(`${NAMESPACE}${token}`)).join(', ')}`}. Clients that go by the type do not know what to do.`,
      { evidence: { types: wrong } },
    )
  },
}
