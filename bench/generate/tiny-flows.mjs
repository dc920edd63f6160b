// (d) node tiny-flows.mjs --flows 1000000 --fin 0.5 [--spread 1: a random client address per flow] --out F   SYN, SYN-ACK, ACK, 1-2 small data packets; a fraction closes
import { args, interleave, PcapWriter, Rng, TcpFlow } from './lib.mjs'

const a = args({ flows: 1000000, seed: 4, live: 1000, fin: 0.5, spread: 0, out: 'tiny-flows.pcap' }),
  rng = new Rng(a.seed),
  w = new PcapWriter(a.out),
  pool = rng.bytes(65536)
let n = 0
function* flow(i) {
  const f = new TcpFlow(
    w,
    rng,
    (a.spread ? rng.u32() : 0x0a000000 + Math.floor(i / 40000)) >>> 0,
    1025 + (i % 40000),
    0x5db80000 + rng.int(1, 50),
    rng.chance(0.7) ? 443 : 8443,
  )
  f.seg(true, 2)
  yield
  f.seg(false, 0x12)
  yield
  f.seg(true, 0x10)
  yield
  f.seg(true, 0x18, pool.subarray(0, rng.int(20, 200)))
  yield
  if (rng.chance(0.5)) {
    f.seg(false, 0x18, pool.subarray(0, rng.int(20, 400)))
    yield
  }
  if (rng.chance(a.fin)) f.close()
}
interleave(rng, a.live, () => (n >= a.flows ? null : flow(n++)))
w.close()
console.log(JSON.stringify({ out: a.out, bytes: w.total, packets: w.packets, flows: n }))
