// (b) node acme-plain.mjs --requests 100000 --per 10 --accounts 8 --out F
import { Account, args, h1req, h1res, interleave, issuance, PcapWriter, Rng, TcpFlow } from './lib.mjs'

const a = args({ requests: 100000, accounts: 8, seed: 2, live: 50, out: 'acme-plain.pcap' }),
  H = 'ca.example.test'
const rng = new Rng(a.seed),
  w = new PcapWriter(a.out),
  accts = Array.from({ length: a.accounts }, (_, i) => new Account(i, H))
let n = 0,
  left = a.requests
function* conn(i) {
  const f = new TcpFlow(w, rng, 0x0a000000 + (i % 65000) + 1, 1025 + (i % 60000), 0x5db8ff01, 80)
  f.open()
  yield
  for (const x of issuance(accts[i % accts.length], i)) {
    yield* f.send(true, h1req(x, H))
    yield* f.send(false, h1res(x))
  }
  f.close()
}
interleave(rng, a.live, () => {
  if (left <= 0) return null
  left -= 10
  return conn(n++)
})
w.close()
console.log(JSON.stringify({ out: a.out, bytes: w.total, packets: w.packets, connections: n }))
