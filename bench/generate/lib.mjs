// Shared helpers for the synthetic capture generators. Deterministic: all randomness comes from Rng(seed).

import crypto from 'node:crypto'
import fs from 'node:fs'

export class Rng {
  // xorshift128+ on 32-bit halves is overkill: xorshift32 suffices
  constructor(seed = 1) {
    this.s = (seed * 2654435761) >>> 0 || 1
  }
  u32() {
    let x = this.s
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.s = x >>> 0
    return this.s
  }
  int(lo, hi) {
    return lo + (this.u32() % (hi - lo + 1))
  }
  chance(p) {
    return this.u32() / 4294967296 < p
  }
  bytes(n) {
    const b = Buffer.allocUnsafe(n)
    for (let i = 0; i < n; i++) b[i] = this.u32() >>> 11
    return b
  }
}

export class PcapWriter {
  // classic pcap, microseconds, LINKTYPE_ETHERNET
  constructor(path, { usPerByte = 0.008 } = {}) {
    // 0.008 us/byte = 1 Gbit/s
    this.fd = fs.openSync(path, 'w')
    this.buf = Buffer.allocUnsafe(4 << 20)
    this.n = 0
    this.total = 0
    this.packets = 0
    this.us = 1.7e15
    this.usPerByte = usPerByte
    this.ipid = 1
    const h = Buffer.alloc(24)
    h.writeUInt32LE(0xa1b2c3d4, 0)
    h.writeUInt16LE(2, 4)
    h.writeUInt16LE(4, 6)
    h.writeUInt32LE(262144, 16)
    h.writeUInt32LE(1, 20)
    this.raw(h)
  }
  raw(b) {
    b.copy(this.room(b.length), 0)
    this.n += b.length
    this.total += b.length
  }
  room(len) {
    if (this.n + len > this.buf.length) this.flush()
    return this.buf.subarray(this.n, this.n + len)
  }
  flush() {
    fs.writeSync(this.fd, this.buf, 0, this.n)
    this.n = 0
  }
  close() {
    this.flush()
    fs.closeSync(this.fd)
  }
  // one IPv4 packet; l4 header is written by hdr(b, off); payload copied
  packet(src, dst, proto, l4len, hdr, payload) {
    const ipLen = 20 + l4len + payload.length,
      cap = Math.max(14 + ipLen, 60),
      b = this.room(16 + cap)
    this.us += 1 + cap * this.usPerByte
    const sec = Math.floor(this.us / 1e6)
    b.writeUInt32LE(sec, 0)
    b.writeUInt32LE(Math.floor(this.us - sec * 1e6), 4)
    b.writeUInt32LE(cap, 8)
    b.writeUInt32LE(cap, 12)
    b.writeUInt32BE(0x02000000, 16)
    b.writeUInt32BE(0x00020200, 20)
    b.writeUInt32BE(0x00000001, 24)
    b.writeUInt16BE(0x0800, 28)
    const p = 30
    b[p] = 0x45
    b[p + 1] = 0
    b.writeUInt16BE(ipLen, p + 2)
    b.writeUInt16BE(this.ipid++ & 0xffff, p + 4)
    b.writeUInt16BE(0x4000, p + 6)
    b[p + 8] = 64
    b[p + 9] = proto
    b.writeUInt16BE(0, p + 10)
    b.writeUInt32BE(src, p + 12)
    b.writeUInt32BE(dst, p + 16)
    let s = 0
    for (let i = 0; i < 20; i += 2) s += b.readUInt16BE(p + i)
    s = (s & 0xffff) + (s >>> 16)
    s = (s & 0xffff) + (s >>> 16)
    b.writeUInt16BE(~s & 0xffff, p + 10)
    hdr(b, p + 20)
    payload.copy(b, p + 20 + l4len)
    if (14 + ipLen < 60) b.fill(0, 16 + 14 + ipLen, 16 + 60)
    this.n += 16 + cap
    this.total += 16 + cap
    this.packets++
  }
  udp(src, sport, dst, dport, payload) {
    this.packet(
      src,
      dst,
      17,
      8,
      (b, o) => {
        b.writeUInt16BE(sport, o)
        b.writeUInt16BE(dport, o + 2)
        b.writeUInt16BE(8 + payload.length, o + 4)
        b.writeUInt16BE(0, o + 6)
      },
      payload,
    )
  }
}

const EMPTY = Buffer.alloc(0),
  TSOPT = Buffer.from('0101080a0000000100000001', 'hex')
export class TcpFlow {
  // scripted both-way flow. Checksums of TCP are left 0 (as with checksum offload)
  constructor(w, rng, cip, cport, sip, sport, mss = 1448) {
    Object.assign(this, { w, cip, cport, sip, sport, mss, c: rng.u32(), s: rng.u32(), unacked: 0 })
  }
  seg(fromClient, flags, payload = EMPTY) {
    const opt = TSOPT.length
    this.w.packet(
      fromClient ? this.cip : this.sip,
      fromClient ? this.sip : this.cip,
      6,
      20 + opt,
      (b, o) => {
        b.writeUInt16BE(fromClient ? this.cport : this.sport, o)
        b.writeUInt16BE(fromClient ? this.sport : this.cport, o + 2)
        b.writeUInt32BE(fromClient ? this.c : this.s, o + 4)
        b.writeUInt32BE(flags & 0x10 ? (fromClient ? this.s : this.c) : 0, o + 8)
        b[o + 12] = (20 + opt) << 2
        b[o + 13] = flags
        b.writeUInt16BE(65000, o + 14)
        b.writeUInt32BE(0, o + 16)
        TSOPT.copy(b, o + 20)
      },
      payload,
    )
    const adv = payload.length + (flags & 3 ? 1 : 0)
    if (fromClient) this.c = (this.c + adv) >>> 0
    else this.s = (this.s + adv) >>> 0
  }
  open() {
    this.seg(true, 2)
    this.seg(false, 0x12)
    this.seg(true, 0x10)
  }
  close() {
    this.seg(true, 0x11)
    this.seg(false, 0x11)
    this.seg(true, 0x10)
  }
  // generator: yields after every packet so that many flows interleave
  *send(fromClient, data) {
    for (let i = 0, k = 0; i < data.length; i += this.mss, k++) {
      const p = data.subarray(i, i + this.mss)
      this.seg(fromClient, i + this.mss >= data.length ? 0x18 : 0x10, p)
      yield
      if (k & 1) {
        this.seg(!fromClient, 0x10)
        yield
      }
    }
    this.seg(!fromClient, 0x10)
    yield
  }
}

// run generator functions with `live` of them interleaved, one packet at a time, until next() returns null
export function interleave(rng, live, next, stop = () => false) {
  const run = []
  let more = true
  for (;;) {
    while (more && run.length < live) {
      const g = next()
      if (!g) {
        more = false
        break
      }
      run.push(g)
    }
    if (!run.length || stop()) return
    const i = rng.u32() % run.length // bursts of 1-8 packets of one flow
    for (let k = rng.int(1, 8); k; k--)
      if (run[i].next().done) {
        run[i] = run[run.length - 1]
        run.pop()
        break
      }
  }
}

// ---- ACME messages over HTTP/1.1 with real, deterministic (RFC 6979) ES256 JWS
const b64 = (x) => Buffer.from(x).toString('base64url')
/** An account with a P-256 key that follows from its number; the signatures themselves are not deterministic. */
export class Account {
  constructor(i, host) {
    this.i = i
    this.host = host
    const ecdh = crypto.createECDH('prime256v1')
    const priv = crypto.createHash('sha256').update(`acct${i}`).digest()
    ecdh.setPrivateKey(priv)
    const pub = ecdh.getPublicKey()
    this.jwk = { crv: 'P-256', kty: 'EC', x: b64(pub.subarray(1, 33)), y: b64(pub.subarray(33)) }
    this.kid = `http://${host}/acct/${i}`
    this.key = crypto.createPrivateKey({ format: 'jwk', key: { ...this.jwk, d: b64(priv) } })
  }
  jws(url, nonce, payload, useJwk) {
    const prot = b64(JSON.stringify({ alg: 'ES256', ...(useJwk ? { jwk: this.jwk } : { kid: this.kid }), nonce, url }))
    const pl = payload === '' ? '' : b64(JSON.stringify(payload))
    const sig = crypto.sign('sha256', Buffer.from(`${prot}.${pl}`), { key: this.key, dsaEncoding: 'ieee-p1363' })
    return JSON.stringify({ protected: prot, payload: pl, signature: b64(sig) })
  }
}
let nonceN = 0
export const nonce = () => crypto.createHash('md5').update(`n${nonceN++}`).digest('base64url')
export const resp = (code, hdrs, body = '') => ({ status: code, headers: hdrs, body })
const err = (t) => JSON.stringify({ type: `urn:ietf:params:acme:error:${t}`, detail: 'synthetic', status: 400 })
// one issuance as a list of {method,path,reqHeaders,body,status,headers,resBody}; ~10 requests
export function issuance(acct, n, scheme = 'http') {
  const H = acct.host,
    base = `${scheme}://${H}`,
    out = []
  let nn = nonce()
  const ct = { 'content-type': 'application/jose+json', 'user-agent': 'acme-synth/1.0' },
    js = 'application/json'
  const post = (path, pl, status, hdr, body, jwk) => {
    const body0 = acct.jws(base + path, nn, pl, jwk)
    nn = nonce()
    out.push({
      method: 'POST',
      path,
      reqHeaders: ct,
      body: body0,
      status,
      headers: { 'content-type': js, 'replay-nonce': nn, 'cache-control': 'no-store', ...hdr },
      resBody: body,
    })
  }
  const name = `host${n}.example.org`,
    order = (st, x = {}) =>
      JSON.stringify({
        status: st,
        expires: '2030-01-01T00:00:00Z',
        identifiers: [{ type: 'dns', value: name }],
        authorizations: [`${base}/authz/${n}`],
        finalize: `${base}/finalize/${n}`,
        ...x,
      })
  const authz = (st) =>
    JSON.stringify({
      status: st,
      identifier: { type: 'dns', value: name },
      challenges: ['http-01', 'dns-01', 'tls-alpn-01'].map((type, k) => ({
        type,
        url: `${base}/chall/${n}/${k}`,
        token: nonce() + nonce(),
        status: st,
      })),
      expires: '2030-01-01T00:00:00Z',
    })
  out.push({
    method: 'GET',
    path: '/directory',
    reqHeaders: { 'user-agent': 'acme-synth/1.0' },
    body: '',
    status: 200,
    headers: { 'content-type': js },
    resBody: JSON.stringify(
      Object.fromEntries(['newNonce', 'newAccount', 'newOrder', 'revokeCert', 'keyChange'].map((k) => [k, `${base}/${k}`])),
    ),
  })
  out.push({
    method: 'HEAD',
    path: '/newNonce',
    reqHeaders: { 'user-agent': 'acme-synth/1.0' },
    body: '',
    status: 200,
    headers: { 'replay-nonce': nn, 'cache-control': 'no-store' },
    resBody: '',
  })
  post(
    '/newAccount',
    { termsOfServiceAgreed: true, contact: ['mailto:a@example.org'] },
    201,
    { location: acct.kid },
    '{"status":"valid"}',
    true,
  )
  post('/newOrder', { identifiers: [{ type: 'dns', value: name }] }, 201, { location: `${base}/order/${n}` }, order('pending'))
  post(`/authz/${n}`, '', 200, {}, authz('pending'))
  post(
    `/chall/${n}/0`,
    {},
    200,
    { link: `<${base}/authz/${n}>;rel="up"` },
    JSON.stringify({ type: 'http-01', url: `${base}/chall/${n}/0`, status: 'processing' }),
  )
  post(`/authz/${n}`, '', 200, {}, authz('valid'))
  post(
    `/finalize/${n}`,
    { csr: b64(crypto.createHash('sha512').update(`csr${n}`).digest()).repeat(6) },
    200,
    {},
    order('processing'),
  )
  post(
    `/order/${n}`,
    '',
    n % 7 ? 200 : 400,
    n % 7 ? {} : { 'content-type': 'application/problem+json' },
    n % 7 ? order('valid', { certificate: `${base}/cert/${n}` }) : err('badNonce'),
  )
  post(
    `/cert/${n}`,
    '',
    200,
    { 'content-type': 'application/pem-certificate-chain' },
    `-----BEGIN CERTIFICATE-----\n${(`${b64(crypto.createHash('sha512').update(`c${n}`).digest()).slice(0, 64)}\n`).repeat(22)}-----END CERTIFICATE-----\n`.repeat(
      2,
    ),
  )
  return out
}
export const CODE = { 200: 'OK', 201: 'Created', 400: 'Bad Request' }
export const h1req = (x, host) =>
  Buffer.from(
    `${x.method} ${x.path} HTTP/1.1\r\nHost: ${host}\r\n${Object.entries(x.reqHeaders)
      .map(([k, v]) => `${k}: ${v}\r\n`)
      .join('')}${x.body ? `Content-Length: ${x.body.length}\r\n` : ''}\r\n${x.body}`,
  )
export const h1res = (x) =>
  Buffer.from(
    `HTTP/1.1 ${x.status} ${CODE[x.status]}\r\n${Object.entries(x.headers)
      .map(([k, v]) => `${k}: ${v}\r\n`)
      .join('')}Content-Length: ${x.resBody.length}\r\n\r\n${x.resBody}`,
  )
export function args(def) {
  const o = { ...def }
  for (let i = 2; i < process.argv.length; i += 2) {
    const k = process.argv[i].replace(/^--?/, ''),
      v = process.argv[i + 1]
    o[k] = typeof def[k] === 'number' ? Number(v) : v
  }
  return o
}
