import type {
  CheckValue,
  Report,
  ReportConnection,
  ReportDiagnosis,
  ReportFinding,
  ReportInput,
  ReportRequest,
} from '../../src/report/report.ts'

/** Reports made by hand, for the formats: each field of the model is set somewhere. */

const CA = 'https://ca.example'
export const ACCOUNT = `${CA}/acme/acct/1`

/** "kid jwk nonce url signature" as five letters: p pass, f fail, u unknown, - does not apply. */
export function checks(letters: string): ReportRequest['checks'] {
  const values: Readonly<Record<string, CheckValue>> = { p: 'pass', f: 'fail', u: 'unknown', '-': 'not-applicable' }
  const [kid, jwk, nonce, url, signature] = [...letters].map((letter) => values[letter] ?? 'unknown')
  return {
    kid: kid ?? 'unknown',
    jwk: jwk ?? 'unknown',
    nonce: nonce ?? 'unknown',
    url: url ?? 'unknown',
    signature: signature ?? 'unknown',
  }
}

export function finding(more: Partial<ReportFinding> = {}): ReportFinding {
  return {
    rule: 'kid-required',
    severity: 'error',
    party: 'client',
    message: 'The protected header of this newOrder request has no kid and carries jwk instead.',
    reference: 'RFC 8555 §6.2',
    remedy: "Use the account URL from newAccount's Location as kid.",
    evidence: { jwkPresent: true },
    ...more,
  }
}

export function request(id: number, more: Partial<ReportRequest> = {}): ReportRequest {
  return {
    id,
    input: 0,
    connection: 0,
    streamId: 2 * id - 1,
    frames: [10 * id, 10 * id + 1],
    entry: null,
    alsoSeen: [],
    time: `2026-01-02T03:04:${String(id % 60).padStart(2, '0')}.123456Z`,
    duration: 0.081,
    method: 'POST',
    url: `${CA}/acme/new-order`,
    observedUrl: null,
    beforeRedaction: null,
    httpVersion: '2',
    resource: 'newOrder',
    userAgent: 'client/1.0',
    contentType: 'application/jose+json',
    protected: { alg: 'ES256', kid: ACCOUNT, nonce: `nonce-${id}`, url: `${CA}/acme/new-order` },
    payload: { identifiers: [{ type: 'dns', value: 'www.example' }] },
    account: ACCOUNT,
    key: { kty: 'EC', thumbprint: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U', source: 'newAccount' },
    response: {
      status: 201,
      contentType: 'application/json',
      replayNonce: `nonce-${id + 1}`,
      location: null,
      retryAfter: null,
      problem: null,
    },
    checks: checks('p-ppp'),
    unknown: [],
    compliant: true,
    findings: [],
    ...more,
  }
}

type Response = NonNullable<ReportRequest['response']>

function answer(status: number): Response {
  return { status, contentType: null, replayNonce: null, location: null, retryAfter: null, problem: null }
}

export function refusal(status: number, type: string, detail: string): Response {
  return {
    ...answer(status),
    contentType: 'application/problem+json',
    problem: { type: `urn:ietf:params:acme:error:${type}`, detail },
  }
}

export function input(more: Partial<ReportInput> = {}): ReportInput {
  return {
    name: 'issue-123.pcapng',
    format: 'pcapng',
    bytes: 1_204_331,
    sha256: 'a'.repeat(64),
    packets: 1204,
    firstTime: '2026-01-02T03:04:00.000000Z',
    lastTime: '2026-01-02T03:04:59.500000Z',
    linkTypes: ['LINUX_SLL2'],
    crossCheck: null,
    comments: [],
    damage: [],
    ...more,
  }
}

export function connection(id: number, more: Partial<ReportConnection> = {}): ReportConnection {
  return {
    id,
    input: 0,
    client: '10.0.0.5:41022',
    server: '192.0.2.7:443',
    startTime: '2026-01-02T03:04:00.000000Z',
    tls: {
      version: 'TLSv1.3',
      cipherSuite: 'TLS_AES_128_GCM_SHA256',
      serverName: 'ca.example',
      alpn: 'h2',
      decrypted: true,
      secrets: 'keylog',
      reason: null,
    },
    http: 'h2',
    requests: 5,
    damage: [],
    ...more,
  }
}

export function diagnosis(more: Partial<ReportDiagnosis> = {}): ReportDiagnosis {
  return {
    id: 'diag-server-rejected-compliant',
    severity: 'error',
    party: 'server',
    confidence: 'certain',
    title: 'The server refused a compliant newOrder request',
    story: null,
    explanation: 'A newOrder request was refused although everything that can be wrong with it was seen to be right.',
    remedy: 'For the CA operator: find out why the server refuses this request.',
    remedies: [{ to: 'CA operator', text: 'Find out why the server refuses this request.' }],
    upstream: [],
    evidence: [{ request: 5, frames: [50, 51], entry: null }],
    requests: [5],
    ...more,
  }
}

/** A report whose summary counts its requests; the verdict is given. */
export function report(verdict: Report['summary']['verdict'], more: Partial<Report> = {}): Report {
  const requests = more.requests ?? []
  const counted = requests.filter(({ resource }) => resource !== 'validation' && resource !== 'other')
  const findings = { error: 0, warning: 0, info: 0 }
  for (const { severity } of requests.flatMap((one) => one.findings)) findings[severity]++
  return {
    version: 1,
    redaction: null,
    generator: { name: 'acmescope', version: '0.0.0' },
    config: null,
    inputs: [input()],
    connections: [connection(0)],
    requests,
    servers: [],
    accounts: [],
    orders: [],
    diagnoses: [],
    kubernetes: null,
    log: null,
    summary: {
      requests: counted.length,
      compliant: counted.filter(({ compliant }) => compliant === true).length,
      nonCompliant: counted.filter(({ compliant }) => compliant === false).length,
      undetermined: counted.filter(({ compliant }) => compliant === null).length,
      findings,
      verdict,
    },
    ...more,
  }
}

const directory = request(1, {
  method: 'GET',
  url: `${CA}/directory`,
  resource: 'directory',
  contentType: null,
  protected: null,
  payload: null,
  account: null,
  key: null,
  response: { ...answer(200), contentType: 'application/json' },
  checks: checks('-----'),
})

const registration = request(3, {
  url: `${CA}/acme/new-account`,
  resource: 'newAccount',
  key: { kty: 'EC', thumbprint: null, source: 'request' },
  response: { ...answer(201), location: ACCOUNT },
  checks: checks('-pppp'),
})

/** A server that refuses a compliant request, and everything else that a report can say beside it. */
export function serverStory(): Report {
  return report('server', {
    config: {
      file: 'acmescope.config.json',
      rules: [
        { rule: 'accept-language', level: 'off', default: 'info', from: 'file' },
        { rule: 'nonce-old', level: 'error', default: 'warning', from: 'option' },
      ],
    },
    servers: [
      {
        directory: `${CA}/acme/directory`,
        authorities: ['ca.example'],
        profile: { id: 'pebble', name: 'Pebble', recognisedBy: 'the paths in its directory' },
        known: [
          { rules: ['kid-required'], text: 'A missing kid is answered with words about the URL prefix of kid.' },
          { rules: ['user-agent-required'], text: 'A request without User-Agent is refused first.' },
        ],
      },
    ],
    inputs: [
      input({
        crossCheck: { reader: 'pcap-parser', packets: 1204, agrees: true, reason: null },
        comments: [{ frame: 7, text: 'here it begins' }],
        damage: [
          { kind: 'truncated', layer: 'capture', detail: 'the last record has 12 of 66 bytes', count: 1, firstFrame: 1204 },
        ],
      }),
    ],
    connections: [
      connection(0, {
        damage: [{ kind: 'gap', layer: 'tcp', detail: '1448 bytes were not captured', count: 2, firstFrame: 60 }],
      }),
      connection(1, {
        tls: {
          version: 'TLSv1.3',
          cipherSuite: 'TLS_AES_128_GCM_SHA256',
          serverName: 'other.example',
          alpn: null,
          decrypted: false,
          secrets: null,
          reason: 'no secret for its client random in the key log',
        },
        http: null,
        requests: 0,
      }),
      connection(2, { tls: null, http: 'http/1.1', server: '10.0.0.5:80' }),
    ],
    requests: [
      directory,
      request(2, {
        method: 'HEAD',
        url: `${CA}/acme/new-nonce`,
        resource: 'newNonce',
        protected: null,
        payload: null,
        checks: checks('-----'),
      }),
      registration,
      request(4, {
        url: 'https://ca.example/acme/authz/PAniVnsZcis/3AgC8ttgq4Sh6EVD9rEA-a-long-identifier-of-an-authorization',
        resource: 'authorization',
        payload: '',
        checks: checks('p-upp'),
        compliant: null,
        unknown: [{ check: 'nonce', code: 'U-START', reason: 'the capture began after the nonce was issued' }],
        alsoSeen: [{ connection: 2, frames: [41] }],
      }),
      request(5, { response: refusal(400, 'malformed', 'Request must contain either KID header field') }),
      request(6, {
        response: refusal(400, 'malformed', 'No Key ID in JWS header'),
        protected: { alg: 'ES256', jwk: {}, nonce: 'n', url: `${CA}/acme/new-order` },
        checks: checks('ffppp'),
        compliant: false,
        findings: [
          finding({ message: `This key had been given the account URL "${ACCOUNT}" in request 3.` }),
          finding({
            rule: 'jwk-forbidden',
            message: 'This newOrder request carries jwk; only newAccount does.',
            remedy: 'Use kid.',
          }),
        ],
      }),
      request(7, {
        findings: [
          finding({
            rule: 'server-nonce-on-error',
            severity: 'warning',
            party: 'server',
            message: 'The answer has no Replay-Nonce.',
            reference: 'RFC 8555 §6.5',
            remedy: 'Send a fresh nonce with every answer.',
          }),
        ],
      }),
      request(8, { response: refusal(429, 'rateLimited', 'too many orders'), connection: null }),
      request(9, {
        method: 'GET',
        url: 'http://www.example/.well-known/acme-challenge/token',
        resource: 'validation',
        checks: checks('-----'),
        compliant: null,
        observedUrl: 'http://10.0.0.5/.well-known/acme-challenge/token',
      }),
      request(10, {
        time: null,
        frames: null,
        entry: null,
        response: null,
        duration: null,
        checks: checks('p-pp-'),
        compliant: null,
      }),
    ],
    accounts: [{ url: ACCOUNT, thumbprint: 'oKIy', status: 'valid', registeredBy: 3, requests: [3, 4, 5, 6] }],
    orders: [
      {
        url: `${CA}/acme/order/1`,
        account: ACCOUNT,
        identifiers: [{ type: 'dns', value: 'www.example' }],
        status: 'pending',
        requests: [7],
        authorizations: [`${CA}/acme/authz/1`],
      },
    ],
    diagnoses: [
      diagnosis({
        story: 'registered at 03:04:03 (request 3); then newOrder refused with 400 malformed at 03:04:05 (request 5)',
        upstream: [
          { repository: 'cert-manager/cert-manager', number: 6682 },
          { repository: 'cert-manager/cert-manager', number: 7388 },
        ],
      }),
      diagnosis({
        id: 'diag-client-at-fault',
        party: 'client',
        confidence: 'likely',
        title: 'The client is at fault: kid-required',
        explanation: 'request 6 (newOrder, frames 60, 61) was answered 400 malformed.',
        remedy: 'Send kid.',
        remedies: [{ to: 'client operator', text: 'Send kid.' }],
        evidence: [{ request: 6, frames: [60, 61], entry: null }],
        requests: [6],
      }),
    ],
  })
}

/** A HAR in which all is well. */
export function honestHar(): Report {
  const har = (one: ReportRequest, entry: number): ReportRequest => ({
    ...one,
    entry,
    frames: null,
    connection: null,
    streamId: null,
  })
  return report('none', {
    inputs: [input({ name: 'session.har', format: 'har', packets: 0, linkTypes: [] })],
    connections: [],
    requests: [har(directory, 0), har(registration, 2), har(request(5), 5)],
  })
}

/** `count` requests, every third with the same client fault with other values in it, every tenth with a fault of its own kind. */
export function largeReport(count: number): Report {
  const requests = Array.from({ length: count }, (_, at) => {
    const id = at + 1
    const findings: ReportFinding[] = []
    if (id % 3 === 0) findings.push(finding({ message: `The client sent nonce "n${id}" again.`, rule: 'nonce-reused' }))
    if (id % 10 === 0)
      findings.push(finding({ rule: `rule-of-${'abcdefghij'[(id / 10) % 10]}-${'klmnopqrst'[Math.floor(id / 100) % 10]}` }))
    return request(id, {
      findings,
      compliant: findings.length === 0,
      checks: checks(findings.length === 0 ? 'p-ppp' : 'p-fpp'),
    })
  })
  return report('client', { requests })
}
