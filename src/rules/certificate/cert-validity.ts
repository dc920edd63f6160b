import { isObject } from '../../jose/json-object.ts'
import { orderOf } from '../issuance.ts'
import { broken, HOLDS, type Rule, unknown } from '../rule.ts'
import { readTimestamp, serverTime } from '../timestamps.ts'

/** Milliseconds: CAs date certificates back by up to an hour, and count the last second in or out. */
const BACKDATING = 3_600_000
const ROUNDING = 60_000
/** Clocks that differ by less agree. */
const DOUBT = 60_000

function text(time: number): string {
  return new Date(time).toISOString().replace('.000', '')
}

/** What was asked for in the newOrder request and is not what was issued. */
function* departures(asked: Readonly<Record<string, unknown>>, from: number, to: number): Generator<string> {
  const notBefore = readTimestamp(asked.notBefore)
  const notAfter = readTimestamp(asked.notAfter)
  if (notBefore !== null && (from > notBefore + ROUNDING || from < notBefore - BACKDATING - ROUNDING))
    yield `notBefore is ${text(from)}, the order asked for ${text(notBefore)}`
  if (notAfter !== null && Math.abs(to - notAfter) > ROUNDING)
    yield `notAfter is ${text(to)}, the order asked for ${text(notAfter)}`
}

export const certValidity: Rule = {
  id: 'cert-validity',
  group: 'certificate',
  party: 'either',
  severity: 'warning',
  level: 'session',
  tier: 2,
  title: 'Certificate valid now and as requested',
  norm: 'Requested notBefore/notAfter must be honoured or refused.',
  decide:
    "Compare with notBefore/notAfter of the newOrder payload (a minute of rounding, an hour of backdating): warn, server. Not valid yet by the server's own Date: warn, server; expired by it: info. Outside its validity by the clock of the capture alone: info if the server's Date is there, else unknown; feeds diag-clock-skew.",
  traps: ['Short-lived profiles (6 days) are not an error.'],
  unknownWhen: ['U-CLOCK'],
  inPractice: {
    Boulder: 'Backdated by a deployment setting',
    'step-ca': 'Backdates one minute by default',
    'golang.org/x/crypto/acme': 'autocert refuses not-yet-valid certificates',
  },
  remedy: 'Check client clock; see diag-clock-skew.',
  references: ['RFC 8555 §7.4'],
  why: 'The certificate is refused from the first day, or ends before its renewal.',
  explains: { types: [], details: [] },
  resources: ['certificate'],
  judge(request, traffic) {
    if (request.response === null) return undefined
    const leaf = request.chain?.certificates[0]?.value ?? null
    if (leaf === null || leaf.notBefore === null || leaf.notAfter === null) return undefined
    const from = leaf.notBefore / 1000
    const to = leaf.notAfter / 1000
    const asked = orderOf(request, traffic)?.createdBy?.payload
    const evidence = { notBefore: text(from), notAfter: text(to), captured: text(Math.floor(request.response.time / 1000)) }
    const other = isObject(asked) ? [...departures(asked, from, to)] : []
    if (other.length > 0)
      return broken(
        certValidity,
        `The certificate is not valid as ordered: ${other.join('; ')}. A server that cannot grant the dates has to refuse the order.`,
        { party: 'server', evidence },
      )
    const captured = request.response.time / 1000
    const said = serverTime(request.response)
    const outside = (clock: number) => (from > clock + DOUBT ? 'is not valid yet' : to < clock - DOUBT ? 'has expired' : null)
    const byServer = said === null ? null : outside(said)
    if (byServer !== null && said !== null)
      return broken(
        certValidity,
        `By the server's own clock (${text(said)}) the certificate ${byServer}: it is valid from ${text(from)} to ${text(to)}.`,
        {
          // An old certificate may be fetched for a good reason; one from the future may not.
          ...(byServer === 'has expired' ? { severity: 'info', party: 'client' } : { party: 'server' }),
          evidence,
        },
      )
    const byCapture = outside(captured)
    if (byCapture === null) return HOLDS
    if (said === null)
      return unknown(
        'U-CLOCK',
        `by the clock of the capture the certificate ${byCapture}, and the answer does not tell the server's time`,
      )
    return broken(
      certValidity,
      `By the clock of the capture (${text(captured)}) the certificate ${byCapture}, by the server's (${text(said)}) it is valid: if the client was captured on its own machine, its clock is wrong.`,
      { severity: 'info', evidence },
    )
  },
}
