// Fabricates the wire bytes of TLS 1.2 / 1.3 connections (AES-128-GCM-SHA256) whose secrets we choose, plus key log lines.
import crypto from 'node:crypto'

const u16 = (n) => Buffer.from([n >> 8, n & 255]),
  u24 = (n) => Buffer.from([n >> 16, (n >> 8) & 255, n & 255])
const v8 = (b) => Buffer.concat([Buffer.from([b.length]), b]),
  v16 = (b) => Buffer.concat([u16(b.length), b])
const hs = (t, b) => Buffer.concat([Buffer.from([t]), u24(b.length), b])
const ext = (t, b) => Buffer.concat([u16(t), v16(b)])
export const rec = (t, v, b) => Buffer.concat([Buffer.from([t]), u16(v), u16(b.length), b])
export function clientHello(random, sid, sni, alpn, keyshare, only12) {
  const n = Buffer.from(sni)
  const exts = Buffer.concat([
    ext(0, v16(Buffer.concat([Buffer.from([0]), v16(n)]))),
    ext(10, v16(u16(29))),
    ext(13, v16(Buffer.from('04030804', 'hex'))),
    ext(16, v16(Buffer.concat(alpn.map((a) => v8(Buffer.from(a)))))),
    ...(only12 ? [] : [ext(43, v8(Buffer.from('03040303', 'hex'))), ext(51, v16(Buffer.concat([u16(29), v16(keyshare)])))]),
  ])
  return rec(
    22,
    0x0301,
    hs(
      1,
      Buffer.concat([u16(0x0303), random, v8(sid), v16(Buffer.from('1301c02bc02f', 'hex')), v8(Buffer.from([0])), v16(exts)]),
    ),
  )
}
export function serverHello(random, sid, suite, exts) {
  return hs(2, Buffer.concat([u16(0x0303), random, v8(sid), u16(suite), Buffer.from([0]), v16(exts)]))
}
const expandLabel = (secret, label, len) => {
  // HKDF-Expand-Label, empty context, len <= 32
  const l = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([u16(len), v8(l), Buffer.from([0, 1])])
  return crypto.createHmac('sha256', secret).update(info).digest().subarray(0, len)
}
class Dir13 {
  constructor(secret) {
    this.key = expandLabel(secret, 'key', 16)
    this.iv = expandLabel(secret, 'iv', 12)
    this.seq = 0
  }
  seal(type, data) {
    const iv = Buffer.from(this.iv)
    iv.writeUInt32BE((iv.readUInt32BE(8) ^ this.seq++) >>> 0, 8)
    const aad = Buffer.concat([Buffer.from([23, 3, 3]), u16(data.length + 17)])
    const c = crypto.createCipheriv('aes-128-gcm', this.key, iv)
    c.setAAD(aad)
    return Buffer.concat([aad, c.update(data), c.update(Buffer.from([type])), c.final(), c.getAuthTag()])
  }
}
class Dir12 {
  constructor(key, salt) {
    this.key = key
    this.salt = salt
    this.seq = 0
  }
  seal(type, data) {
    const ex = Buffer.alloc(8)
    ex.writeUInt32BE(this.seq++, 4)
    const aad = Buffer.concat([ex, Buffer.from([type, 3, 3]), u16(data.length)])
    const c = crypto.createCipheriv('aes-128-gcm', this.key, Buffer.concat([this.salt, ex]))
    c.setAAD(aad)
    const body = Buffer.concat([ex, c.update(data), c.final(), c.getAuthTag()])
    return Buffer.concat([Buffer.from([type, 3, 3]), u16(body.length), body])
  }
}
const prf = (secret, label, seed, len) => {
  let a = Buffer.concat([Buffer.from(label), seed]),
    s = a,
    out = []
  let n = 0
  while (n < len) {
    a = crypto.createHmac('sha256', secret).update(a).digest()
    const o = crypto
      .createHmac('sha256', secret)
      .update(Buffer.concat([a, s]))
      .digest()
    out.push(o)
    n += 32
  }
  return Buffer.concat(out).subarray(0, len)
}
// returns { hello:[clientFlight1, serverFlight, clientFlight2, serverFlight2?], seal(fromClient, data)->records, keylog }
export function connection(rng, version, sni, alpn) {
  const cr = rng.bytes(32),
    sr = rng.bytes(32),
    sid = rng.bytes(32),
    cert = rng.bytes(1100),
    hex = (b) => b.toString('hex')
  const fakeCert13 = Buffer.concat([Buffer.from([0]), u24(cert.length + 5), u24(cert.length), cert, u16(0)])
  if (version === 13) {
    const s = {}
    for (const k of ['ch', 'sh', 'ct', 'st']) s[k] = rng.bytes(32)
    const d = Object.fromEntries(Object.entries(s).map(([k, v]) => [k, new Dir13(v)]))
    const ch = clientHello(cr, sid, sni, [alpn], rng.bytes(32)),
      sh = rec(
        22,
        0x0303,
        serverHello(
          sr,
          sid,
          0x1301,
          Buffer.concat([ext(43, u16(0x0304)), ext(51, Buffer.concat([u16(29), v16(rng.bytes(32))]))]),
        ),
      )
    const ccs = rec(20, 0x0303, Buffer.from([1]))
    const ee = hs(8, v16(ext(16, v16(v8(Buffer.from(alpn)))))),
      flight = Buffer.concat([
        ee,
        hs(11, fakeCert13),
        hs(15, Buffer.concat([u16(0x0403), v16(rng.bytes(71))])),
        hs(20, rng.bytes(32)),
      ])
    return {
      flights: [
        [true, ch],
        [false, Buffer.concat([sh, ccs, d.sh.seal(22, flight)])],
        [true, Buffer.concat([ccs, d.ch.seal(22, hs(20, rng.bytes(32)))])],
      ],
      seal: (c, data) => chunks(data, (x) => (c ? d.ct : d.st).seal(23, x)),
      keylog: `CLIENT_HANDSHAKE_TRAFFIC_SECRET ${hex(cr)} ${hex(s.ch)}\nSERVER_HANDSHAKE_TRAFFIC_SECRET ${hex(cr)} ${hex(s.sh)}\nCLIENT_TRAFFIC_SECRET_0 ${hex(cr)} ${hex(s.ct)}\nSERVER_TRAFFIC_SECRET_0 ${hex(cr)} ${hex(s.st)}\n`,
    }
  }
  const master = rng.bytes(48),
    kb = prf(master, 'key expansion', Buffer.concat([sr, cr]), 40)
  const c = new Dir12(kb.subarray(0, 16), kb.subarray(32, 36)),
    s = new Dir12(kb.subarray(16, 32), kb.subarray(36, 40))
  const ch = clientHello(cr, sid, sni, [alpn], null, true),
    ccs = rec(20, 0x0303, Buffer.from([1]))
  const sh = serverHello(
    sr,
    rng.bytes(32),
    0xc02f,
    Buffer.concat([ext(16, v16(v8(Buffer.from(alpn)))), ext(0xff01, Buffer.from([0]))]),
  )
  const srv = rec(
    22,
    0x0303,
    Buffer.concat([
      sh,
      hs(11, Buffer.concat([u24(cert.length + 3), u24(cert.length), cert])),
      hs(12, Buffer.concat([Buffer.from([3]), u16(29), v8(rng.bytes(32)), u16(0x0401), v16(rng.bytes(256))])),
      hs(14, Buffer.alloc(0)),
    ]),
  )
  return {
    flights: [
      [true, ch],
      [false, srv],
      [true, Buffer.concat([rec(22, 0x0303, hs(16, v8(rng.bytes(32)))), ccs, c.seal(22, hs(20, rng.bytes(12)))])],
      [false, Buffer.concat([ccs, s.seal(22, hs(20, rng.bytes(12)))])],
    ],
    seal: (fc, data) => chunks(data, (x) => (fc ? c : s).seal(23, x)),
    keylog: `CLIENT_RANDOM ${hex(cr)} ${hex(master)}\n`,
  }
}
function chunks(data, f) {
  const o = []
  for (let i = 0; i < data.length; i += 16384) o.push(f(data.subarray(i, i + 16384)))
  return Buffer.concat(o)
}

// ---- minimal HTTP/2 (HPACK: static-indexed where whole match, else literal with incremental indexing, no Huffman, own dynamic table)
const STATIC = [
  ':authority',
  ':method GET',
  ':method POST',
  ':path /',
  ':path /index.html',
  ':scheme http',
  ':scheme https',
  ':status 200',
  ':status 204',
  ':status 206',
  ':status 304',
  ':status 400',
  ':status 404',
  ':status 500',
]
const SNAME = {
  ':authority': 1,
  ':method': 2,
  ':path': 4,
  ':scheme': 6,
  ':status': 8,
  'content-type': 31,
  'content-length': 28,
  'user-agent': 58,
  location: 46,
  link: 45,
  'cache-control': 24,
}
export class HpackEnc {
  constructor() {
    this.dyn = []
    this.size = 0
  }
  int(n, prefix, first) {
    const max = (1 << prefix) - 1
    if (n < max) return Buffer.from([first | n])
    const o = [first | max]
    n -= max
    while (n > 127) {
      o.push((n & 127) | 128)
      n >>= 7
    }
    o.push(n)
    return Buffer.from(o)
  }
  encode(list) {
    const out = []
    for (const [k, v] of list) {
      const si = STATIC.indexOf(`${k} ${v}`)
      if (si > 0) {
        out.push(this.int(si + 1, 7, 0x80))
        continue
      }
      const di = this.dyn.indexOf(`${k}\0${v}`)
      if (di >= 0) {
        out.push(this.int(62 + di, 7, 0x80))
        continue
      }
      const noIdx = k === ':path' || k === 'replay-nonce' || k === 'content-length',
        first = noIdx ? 0 : 0x40,
        pre = noIdx ? 4 : 6
      const name = SNAME[k]
      const kb = Buffer.from(k),
        vb = Buffer.from(String(v))
      out.push(
        name ? this.int(name, pre, first) : Buffer.concat([Buffer.from([first]), this.int(kb.length, 7, 0), kb]),
        this.int(vb.length, 7, 0),
        vb,
      )
      if (!noIdx) {
        this.dyn.unshift(`${k}\0${v}`)
        this.size += kb.length + vb.length + 32
        while (this.size > 4096) {
          const d = this.dyn.pop()
          this.size -= Buffer.byteLength(d) - 1 + 32
        }
      }
    }
    return Buffer.concat(out)
  }
}
const frame = (type, flags, id, b) =>
  Buffer.concat([u24(b.length), Buffer.from([type, flags]), Buffer.from([0, (id >> 16) & 255, (id >> 8) & 255, id & 255]), b])
export const H2PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))])
export const H2SERVER = Buffer.concat([frame(4, 0, 0, Buffer.alloc(0)), frame(4, 1, 0, Buffer.alloc(0))])
export function h2msg(enc, id, headers, body) {
  const h = enc.encode(headers),
    b = Buffer.from(body),
    o = [frame(1, b.length ? 4 : 5, id, h)]
  for (let i = 0; i < b.length; i += 16384) o.push(frame(0, i + 16384 >= b.length ? 1 : 0, id, b.subarray(i, i + 16384)))
  return Buffer.concat(o)
}
