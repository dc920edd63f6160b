// (a) node haystack.mjs --mb 100 --acme 3 --seed 1 --out F   mixed non-ACME traffic with a few plain-HTTP ACME issuances buried in it
import { Account, args, h1req, h1res, interleave, issuance, PcapWriter, Rng, TcpFlow } from './lib.mjs'
import { clientHello, rec, serverHello } from './tls.mjs'

const a = args({ mb: 100, acme: 3, seed: 1, live: 300, out: 'haystack.pcap' })
const rng = new Rng(a.seed),
  w = new PcapWriter(a.out),
  pool = rng.bytes(2 << 20),
  target = a.mb * 1e6
const ip = () => 0x0a000000 | rng.int(1, 60000),
  sip = () => (0x5db80000 | rng.int(1, 5000)) >>> 0
const slice = (n) => {
  const o = rng.int(0, pool.length - n)
  return pool.subarray(o, o + n)
}
const size = () => (rng.chance(0.1) ? rng.int(200e3, 1500e3) : rng.chance(0.5) ? rng.int(8e3, 120e3) : rng.int(500, 8e3))
function* tls() {
  const f = new TcpFlow(w, rng, ip(), rng.int(1025, 65000), sip(), 443)
  f.open()
  yield
  const sid = rng.bytes(32)
  yield* f.send(true, clientHello(rng.bytes(32), sid, `www${rng.int(1, 9999)}.example.com`, ['h2', 'http/1.1'], rng.bytes(32)))
  yield* f.send(
    false,
    Buffer.concat([
      rec(22, 0x303, serverHello(rng.bytes(32), sid, 0x1301, Buffer.from('002b00020304003300240010001d'.slice(0, 12), 'hex'))),
      rec(20, 0x303, Buffer.from([1])),
      rec(23, 0x303, slice(2800)),
    ]),
  )
  yield* f.send(true, Buffer.concat([rec(20, 0x303, Buffer.from([1])), rec(23, 0x303, slice(53))]))
  for (let k = rng.int(1, 6); k; k--) {
    yield* f.send(true, rec(23, 0x303, slice(rng.int(80, 900))))
    for (let n = size(); n > 0; n -= 16401) yield* f.send(false, rec(23, 0x303, slice(Math.min(n, 16401))))
  }
  f.close()
}
const TXT = Buffer.from('<p>lorem ipsum dolor sit amet, consectetur adipiscing elit</p>\n'.repeat(26000))
function* http() {
  const f = new TcpFlow(w, rng, ip(), rng.int(1025, 65000), sip(), 80)
  f.open()
  yield
  for (let k = rng.int(1, 5); k; k--) {
    const post = rng.chance(0.2),
      body = post ? Buffer.from(JSON.stringify({ q: slice(rng.int(20, 400)).toString('hex') })) : Buffer.alloc(0)
    yield* f.send(
      true,
      Buffer.concat([
        Buffer.from(
          `${post ? 'POST' : 'GET'} /static/${rng.u32().toString(36)}/app.js HTTP/1.1\r\nHost: cdn${rng.int(1, 99)}.example.net\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n${post ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` : ''}\r\n`,
        ),
        body,
      ]),
    )
    const n = size(),
      bin = rng.chance(0.6)
    yield* f.send(
      false,
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: ${bin ? 'application/octet-stream' : 'text/html'}\r\nContent-Length: ${n}\r\n\r\n`,
        ),
        bin ? slice(n) : TXT.subarray(0, n),
      ]),
    )
  }
  f.close()
}
const qname = (s) =>
  Buffer.concat([...s.split('.').map((l) => Buffer.concat([Buffer.from([l.length]), Buffer.from(l)])), Buffer.from([0])])
function* dns() {
  const c = ip(),
    p = rng.int(1025, 65000),
    id = rng.int(0, 65535),
    q = qname(`h${rng.int(1, 99999)}.example.com`),
    t = Buffer.from('00010001', 'hex')
  const h = (fl, an) => {
    const b = Buffer.alloc(12)
    b.writeUInt16BE(id, 0)
    b.writeUInt16BE(fl, 2)
    b.writeUInt16BE(1, 4)
    b.writeUInt16BE(an, 6)
    return b
  }
  w.udp(c, p, 0x0a0000fe, 53, Buffer.concat([h(0x100, 0), q, t]))
  yield
  w.udp(0x0a0000fe, 53, c, p, Buffer.concat([h(0x8180, 1), q, t, Buffer.from('c00c000100010000003c00045db80001', 'hex')]))
}
function* quic() {
  const c = ip(),
    p = rng.int(1025, 65000),
    s = sip()
  for (let n = rng.int(20, 600), k = 0; n; n--, k++) {
    const b = Buffer.from(slice(k % 5 ? 1350 : 80))
    b[0] = 0x40 | (b[0] & 0x3f)
    if (k % 5) w.udp(s, 443, c, p, b)
    else w.udp(c, p, s, 443, b)
    yield
  }
}
const H = 'ca.example.test'
function* acme(i) {
  const acct = new Account(i, H),
    f = new TcpFlow(w, rng, ip(), rng.int(1025, 65000), 0x5db8ff01, 80)
  f.open()
  yield
  for (const x of issuance(acct, i)) {
    yield* f.send(true, h1req(x, H))
    yield* f.send(false, h1res(x))
  }
  f.close()
}
let nextAcme = 0
interleave(
  rng,
  a.live,
  () => {
    if (nextAcme < a.acme && w.total >= (0.6 * target * (nextAcme + 0.5)) / a.acme) return acme(nextAcme++)
    if (w.total >= target) return null
    const r = rng.int(0, 99)
    return r < 30 ? tls() : r < 40 ? http() : r < 94 ? dns() : quic()
  },
  () => w.total >= target,
)
w.close()
console.log(JSON.stringify({ out: a.out, bytes: w.total, packets: w.packets, avg: (w.total / w.packets) | 0 }))
