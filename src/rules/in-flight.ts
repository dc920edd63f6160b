import type { AcmeRequest } from '../acme/traffic.ts'

/**
 * Whether a request may have been on its way, or the clock set back, when an answer arrived that it should have heeded. A capture at the server
 * shows requests that left the client before the answer reached it; only what the request carries or follows proves that it had come.
 */
export function mayPrecede(request: AcmeRequest, answered: AcmeRequest): boolean {
  const { response } = answered
  if (response === null || request.time < response.time) return true
  const a = answered.exchange
  const b = request.exchange
  const [shown] = response.frames
  const [sent] = request.http.frames
  if (a.input === b.input && shown !== undefined && sent !== undefined && sent < shown) return true
  // HTTP/1.1 without pipelining: the answer was read before.
  if (a.connection !== null && a.connection === b.connection && b.entry === null && b.streamId === null) return false
  const issued = request.nonceRecord?.issues[0]
  return issued === undefined || issued.time < response.time
}
