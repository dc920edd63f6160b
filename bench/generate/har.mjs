// node har.mjs --mb 300 --out F   a HAR of ACME issuances among entries of a web site, of a given size
import { closeSync, openSync, writeSync } from 'node:fs'
import { Account, args, issuance, Rng } from './lib.mjs'

const options = args({ mb: 300, seed: 5, out: 'big.har' })
const rng = new Rng(options.seed)
const file = openSync(options.out, 'w')
let written = 0
const write = (text) => {
  written += writeSync(file, text)
}
const fields = (object) => Object.entries(object).map(([name, value]) => ({ name, value: String(value) }))
let micros = 1.7e15

function entry({ method, path, reqHeaders, body, status, headers, resBody }, host) {
  micros += 50_000
  const seconds = new Date(micros / 1000).toISOString()
  return {
    startedDateTime: seconds,
    time: 12.5,
    request: {
      method,
      url: `https://${host}${path}`,
      httpVersion: 'HTTP/2.0',
      cookies: [],
      headers: fields(reqHeaders),
      queryString: [],
      headersSize: -1,
      bodySize: body.length,
      ...(body ? { postData: { mimeType: reqHeaders['content-type'], text: body } } : {}),
    },
    response: {
      status,
      statusText: '',
      httpVersion: 'HTTP/2.0',
      cookies: [],
      headers: fields(headers),
      content: { size: resBody.length, mimeType: headers['content-type'] ?? '', text: resBody },
      redirectURL: '',
      headersSize: -1,
      bodySize: resBody.length,
    },
    cache: {},
    timings: { send: 0, wait: 10, receive: 2.5 },
  }
}

write('{"log":{"version":"1.2","creator":{"name":"generator","version":"1"},"pages":[],"entries":[')
const account = new Account(0, 'ca.example.test')
const page = 'lorem ipsum "dolor" sit amet\n'.repeat(400)
for (let n = 0; written < options.mb * 1e6; n++) {
  const entries = n % 50 === 0 ? issuance(account, n, 'https').map((item) => entry(item, 'ca.example.test')) : []
  for (let k = 0; k < 20; k++)
    entries.push(
      entry(
        {
          method: 'GET',
          path: `/static/${rng.u32().toString(36)}.js`,
          reqHeaders: { accept: '*/*', 'user-agent': 'Mozilla/5.0' },
          body: '',
          status: 200,
          headers: { 'content-type': 'text/javascript' },
          resBody: page.slice(0, rng.int(200, page.length)),
        },
        'cdn.example.net',
      ),
    )
  write(`${n > 0 ? ',' : ''}${entries.map((item) => JSON.stringify(item)).join(',')}`)
}
write(']}}')
closeSync(file)
