import type { ValidationHandshake } from '../acme/side-evidence.ts'
import type { AcmeRequest, AcmeTraffic } from '../acme/traffic.ts'
import { type Contest, windowOf } from './challenges.ts'
import { remembered } from './scope.ts'

/** The validation handshakes for a server name (RFC 8737 3) that followed a response to a challenge, in time order. */
export function handshakesFor(
  serverName: string,
  request: AcmeRequest,
  contest: Contest,
  traffic: AcmeTraffic,
): readonly ValidationHandshake[] {
  const { from, to } = windowOf(request, contest)
  return (remembered(traffic, byServerName).get(serverName) ?? []).filter(
    // Clocks of two captures may differ: there the name has to do.
    ({ handshake: { time, connection } }) => connection.input !== request.exchange.input || (time >= from && time < to),
  )
}

function byServerName({ side }: AcmeTraffic): ReadonlyMap<string, readonly ValidationHandshake[]> {
  const found = new Map<string, ValidationHandshake[]>()
  for (const one of side.handshakes) {
    const name = one.handshake.serverName?.toLowerCase() ?? ''
    const known = found.get(name)
    if (known === undefined) found.set(name, [one])
    else known.push(one)
  }
  return found
}
