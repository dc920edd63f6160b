import test from 'ava'
import { joinSightings } from '../../src/acme/sightings.ts'
import type { HttpExchange, HttpMessage } from '../../src/http/exchange.ts'
import type { Connection } from '../../src/tcp/connection.ts'

const placeOf = (id: number) => ({ id }) as Connection

function message(body: string, time: number, headers: HttpMessage['headers'] = []): HttpMessage {
  const bytes = new TextEncoder().encode(body)
  const whole = { bytes, complete: true, size: bytes.length, damage: [] }
  return { httpVersion: '1.1', headers, trailers: [], body: whole, time, endTime: time, frames: [], damage: [] }
}

/** A POST and its answer with the nonce "n", seen at a place. */
function seen(body: string, place: number, time: number): HttpExchange {
  const request = { ...message(body, time), method: 'POST', target: '/', url: 'http://ca/' }
  const response = { ...message('', time + 1, [['Replay-Nonce', 'n']]), status: 200, statusText: '', interim: [] }
  return { input: 0, entry: null, connection: placeOf(place), streamId: null, request, response, har: null }
}

const TAIL = 'x'.repeat(100)

test('two requests that differ in their beginning alone are two, wherever and in whatever order each was captured', (t) => {
  for (const order of ['A1 B1 A2 B2', 'A1 B1 B2 A2', 'A1 A2 B1 B2', 'A1 B1 C1 A2 B2 C2 B3 A3 C3']) {
    const places = order.split(' ')
    const exchanges = places.map((name, index) => seen(`${name[0]}${TAIL}`, Number(name[1]), index))
    const joined = joinSightings(exchanges).map(({ exchange, alsoSeen }) =>
      [exchange, ...alsoSeen].map((one) => places[exchanges.indexOf(one)]).join(' '),
    )
    const letters = [...new Set(places.map((name) => name[0] as string))]
    t.deepEqual(
      joined,
      letters.map((letter) => places.filter((name) => name.startsWith(letter)).join(' ')),
      order,
    )
  }
})
