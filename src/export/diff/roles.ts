import { isObject } from '../../jose/json-object.ts'
import type { ReportRequest } from '../../report/report.ts'

/** What a request is for: its resource, and what its payload makes of it (RFC 8555 7.3.1, 7.3.2, 7.3.6, 7.5.1, 7.5.2). */
export function roleOf({ resource, payload }: ReportRequest): string {
  switch (resource) {
    case 'newAccount':
      return isObject(payload) && payload.onlyReturnExisting === true ? 'account look-up' : 'newAccount'
    case 'account':
      if (!isObject(payload)) return 'account read'
      return payload.status === 'deactivated' ? 'account deactivation' : 'account update'
    case 'authorization':
      return isObject(payload) && payload.status === 'deactivated' ? 'authorization deactivation' : 'authorization read'
    case 'challenge':
      return isObject(payload) ? 'challenge' : 'challenge read'
    case 'order':
      return 'order read'
    case 'certificate':
      return 'certificate'
    default:
      return resource
  }
}

const READS: ReadonlySet<string> = new Set([
  'directory',
  'newNonce',
  'renewalInfo',
  'account read',
  'accountOrders',
  'order read',
  'authorization read',
  'challenge read',
  'validation',
])

/** It only asks; how often, and whether at all, is a matter of timing and taste. */
export function isRead(role: string): boolean {
  return READS.has(role)
}
