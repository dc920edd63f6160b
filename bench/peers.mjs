/** What our figures are held against: a bare read loop, bare signature verification, and JSON.parse of a whole file. */
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { openSync, readFileSync, readSync } from 'node:fs'

const [, , what, argument] = process.argv

const PEERS = {
  read() {
    const file = openSync(argument, 'r')
    const buffer = Buffer.allocUnsafe(1 << 20)
    while (readSync(file, buffer, 0, buffer.length, null) > 0);
  },
  verify() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const message = randomBytes(400)
    const signature = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    for (let i = 0; i < Number(argument); i++)
      if (!verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)) throw new Error('does not verify')
  },
  parse() {
    if (JSON.parse(readFileSync(argument, 'utf8')).log.entries.length === 0) throw new Error('no entries')
  },
}

PEERS[what]()
