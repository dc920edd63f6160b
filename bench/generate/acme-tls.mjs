// (c) node acme-tls.mjs --requests 50000 --out F --keys F.keys [--bulkmb N: additionally N MB of big-body responses in the same, decryptable, connections]
import fs from 'node:fs'
import { Account, args, h1req, h1res, interleave, issuance, PcapWriter, Rng, TcpFlow } from './lib.mjs'
import { connection, H2PREFACE, H2SERVER, HpackEnc, h2msg } from './tls.mjs'

const a = args({ requests: 50000, accounts: 8, seed: 3, live: 50, bulkmb: 0, out: 'acme-tls.pcap', keys: '' }),
  H = 'ca.example.test'
const rng = new Rng(a.seed),
  w = new PcapWriter(a.out),
  accts = Array.from({ length: a.accounts }, (_, i) => new Account(i, H)),
  conns = Math.ceil(a.requests / 10),
  log = []
const pool = rng.bytes(1 << 20)
const bulk = a.bulkmb ? Math.floor((a.bulkmb * 1e6) / conns) : 0
let n = 0
function* conn(i) {
  // four kinds in turn: 1.3+h1, 1.2+h1, 1.3+h2, 1.2+h2
  const h2 = i & 2,
    c = connection(rng, i & 1 ? 12 : 13, H, h2 ? 'h2' : 'http/1.1')
  log.push(c.keylog)
  const f = new TcpFlow(w, rng, 0x0a000000 + (i % 65000) + 1, 1025 + (i % 60000), 0x5db8ff01, 443)
  f.open()
  yield
  for (const [dir, b] of c.flights) yield* f.send(dir, b)
  const xs = issuance(accts[i % accts.length], i, 'https')
  if (bulk)
    xs.push({
      method: 'GET',
      path: '/big',
      reqHeaders: {},
      body: '',
      status: 200,
      headers: { 'content-type': 'application/octet-stream' },
      big: bulk,
    })
  if (h2) {
    yield* f.send(true, c.seal(true, H2PREFACE))
    yield* f.send(false, c.seal(false, H2SERVER))
  }
  const ce = new HpackEnc(),
    se = new HpackEnc()
  let id = 1
  for (const x of xs) {
    const big = x.big
      ? Buffer.concat(Array.from({ length: Math.ceil(x.big / pool.length) }, () => pool)).subarray(0, x.big)
      : null
    if (h2) {
      yield* f.send(
        true,
        c.seal(
          true,
          h2msg(
            ce,
            id,
            [
              [':method', x.method],
              [':scheme', 'https'],
              [':authority', H],
              [':path', x.path],
              ...Object.entries(x.reqHeaders),
              ...(x.body ? [['content-length', x.body.length]] : []),
            ],
            x.body,
          ),
        ),
      )
      yield* f.send(
        false,
        c.seal(
          false,
          h2msg(
            se,
            id,
            [[':status', x.status], ...Object.entries(x.headers), ['content-length', x.big ?? x.resBody.length]],
            big ?? x.resBody,
          ),
        ),
      )
      id += 2
    } else {
      yield* f.send(true, c.seal(true, h1req(x, H)))
      yield* f.send(
        false,
        c.seal(
          false,
          big
            ? Buffer.concat([
                Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${big.length}\r\n\r\n`),
                big,
              ])
            : h1res(x),
        ),
      )
    }
  }
  f.close()
}
interleave(rng, a.live, () => (n >= conns ? null : conn(n++)))
w.close()
fs.writeFileSync(a.keys || `${a.out}.keys`, log.join(''))
console.log(JSON.stringify({ out: a.out, bytes: w.total, packets: w.packets, connections: n }))
