import type { Micros } from '../core/time.ts'
import type { HttpExchange, HttpRequest, HttpResponse } from '../http/exchange.ts'
import type { JsonObject } from '../jose/json-object.ts'
import type { Jws } from '../jose/jws.ts'
import type { JwkFacts } from '../jose/keys.ts'
import type { Certificate } from '../pki/certificate.ts'
import type { Csr } from '../pki/csr.ts'
import type { Carried, Chain } from '../pki/reader.ts'
import type { SignatureOutcome } from '../pki/signature.ts'
import type { Connection } from '../tcp/connection.ts'
import type { InnerJws } from './inner-jws.ts'
import type { SideEvidence } from './side-evidence.ts'

/** Roles of URLs (RFC 8555 7.1; RFC 9773 for renewalInfo). `validation` is the CA's own fetch, `other` none of these. */
export type Resource =
  | 'directory'
  | 'newNonce'
  | 'newAccount'
  | 'account'
  | 'accountOrders'
  | 'newOrder'
  | 'order'
  | 'newAuthz'
  | 'authorization'
  | 'challenge'
  | 'finalize'
  | 'certificate'
  | 'revokeCert'
  | 'keyChange'
  | 'renewalInfo'
  | 'validation'
  | 'other'

/**
 * How the role of a URL is known. 'issued': a directory, Location, Link or body of this CA names it. 'answered': the CA's answer to
 * this very request has the shape that only this resource gives. 'guessed': the payload or a look-alike URL suggests it (U-ROLE).
 */
export type RoleBasis = 'issued' | 'answered' | 'guessed' | 'none'

/** Why something is not known (the U-codes of the rule catalogue, section 1). */
export type UnknownCode =
  | 'U-TLS'
  | 'U-GAP'
  | 'U-RESP'
  | 'U-START'
  | 'U-ROLE'
  | 'U-KEY'
  | 'U-OTHER'
  | 'U-SIDE'
  | 'U-SECRET'
  | 'U-REDACT'
  | 'U-CLOCK'

/** One CA, told by its directory document, not by host name. Without a directory in the capture: one per authority. */
export interface Ca {
  readonly id: number
  readonly directoryUrl: string | null
  /** Last directory document seen. */
  readonly directory: JsonObject | null
  /** "host:port" as URLs write it, of the directory and of every URL the CA issued. */
  readonly authorities: ReadonlySet<string>
  readonly nonces: NonceLedger
  /** When its directory was first fetched in this capture, and when its first request of any kind was seen. */
  readonly firstDirectory: Micros | null
  readonly firstRequest: Micros
  /** A sign that not everything between it and its clients is in the capture, in words; null when nothing says so. */
  readonly blindSpot: string | null
  /** Time of the first request that is not whole in the capture, or has no whole answer: from then on others may be missing altogether. */
  readonly lostSince: Micros | null
}

export interface NonceLedger {
  readonly byValue: ReadonlyMap<string, NonceRecord>
}

/** Everything the capture shows of one nonce value at one CA. */
export interface NonceRecord {
  readonly value: string
  /** Answers that carried it in Replay-Nonce, in time order; `request` is null when only the answer was captured. */
  readonly issues: readonly { readonly request: AcmeRequest | null; readonly time: Micros }[]
  /** Requests whose protected header carries it, in time order. */
  readonly uses: readonly AcmeRequest[]
}

export interface KeyPeriod {
  readonly key: JwkFacts
  readonly from: Micros
  readonly source: 'newAccount' | 'keyChange' | 'operator'
  readonly learntFrom: AcmeRequest | null
}

export interface Account {
  readonly url: string
  readonly ca: Ca | null
  /** Keys in the order they became valid; the last that began before a moment is the one in force. */
  readonly keys: readonly KeyPeriod[]
  /** Status by time, as answers of the CA showed it. */
  readonly statuses: readonly { readonly status: string; readonly time: Micros; readonly request: AcmeRequest }[]
  /** The newAccount request that was answered with this URL first; null when registration was not captured. */
  readonly registeredBy: AcmeRequest | null
  readonly requests: readonly AcmeRequest[]
}

/** What one answer showed of an order, authorization or challenge; `time` is when the answer was complete. */
export interface Seen {
  readonly object: JsonObject
  readonly time: Micros
  readonly request: AcmeRequest
}

export interface Order {
  readonly url: string
  /** Account URL (kid) that created it or was shown it. */
  readonly account: string | null
  readonly createdBy: AcmeRequest | null
  /** The last representation. */
  readonly object: JsonObject
  readonly authorizations: readonly string[]
  readonly requests: readonly AcmeRequest[]
  /** Every representation, in the order in which the answers came. */
  readonly history: readonly Seen[]
}

export interface Authorization {
  readonly url: string
  /** Account URL (kid) that was given it. */
  readonly account: string | null
  /** URLs of the orders that list it, and of the challenges it showed. */
  readonly orders: readonly string[]
  readonly challenges: readonly string[]
  /** Every representation, in the order in which the answers came; empty while it is only named. */
  readonly history: readonly Seen[]
}

export interface Challenge {
  readonly url: string
  /** Account URL (kid) that was given it. */
  readonly account: string | null
  /** URL of the authorization that shows it; null when only the challenge itself was seen. */
  readonly authorization: string | null
  /** Every representation, by itself or within its authorization, in the order in which the answers came. */
  readonly history: readonly Seen[]
}

/** A newAccount request by a key that asks for, or turns out to have, an account (RFC 8555 7.3.1). */
export interface LookUp {
  readonly request: AcmeRequest
  readonly thumbprint: string | null
}

export interface Problem {
  readonly type: string | null
  readonly detail: string | null
  readonly object: JsonObject | null
}

/** 'object' includes {}; 'other' is JSON that is no object; 'garbled' is not JSON. */
export type PayloadKind = 'none' | 'empty' | 'object' | 'other' | 'garbled'

/**
 * The outcome of verifying a request's signature. 'unchecked' always has a reason. `cause` is what made a failing signature verify after
 * all, when something did.
 */
export type SignatureState =
  | { readonly state: 'valid' }
  | { readonly state: 'invalid'; readonly cause: SignatureCause | null }
  | {
      readonly state: 'unchecked'
      readonly code: UnknownCode
      readonly reason: string
      /** An account whose key verifies the signature although neither kid nor jwk names it. */
      readonly verifiesFor: Account | null
    }

export type SignatureCause =
  | { readonly kind: 'other-key'; readonly account: Account | null; readonly thumbprint: string | null; readonly stale: boolean }
  | { readonly kind: 'der' }
  | { readonly kind: 'length'; readonly octets: number }
  | { readonly kind: 're-encoded' }
  | { readonly kind: 'raw-payload' }
  | { readonly kind: 'other-hash'; readonly alg: string }

export interface RequestKey {
  readonly facts: JwkFacts
  /** Where the key was learnt: the request itself, the account's registration or key change, or the operator. */
  readonly source: 'request' | 'newAccount' | 'keyChange' | 'operator'
}

/**
 * How the URL the client asked for is known when the captured leg is plain HTTP (behind a TLS terminator).
 * 'observed': it is the URL on the wire. 'forwarded': Forwarded or X-Forwarded-Proto says https. 'issued': the CA hands out https URLs
 * for this very host. 'signed-only': nothing but the JWS says https, or which path it was where the capture lost it, so the URL check cannot tell.
 */
export type UrlBasis = 'observed' | 'forwarded' | 'issued' | 'signed-only'

/** A request for a certificate as it was sent, and whether it verifies under the key in it (RFC 2986 4.2). */
export interface SubmittedCsr extends Carried<Csr> {
  readonly signature: SignatureOutcome
}

/** One ACME request with everything that was learnt about it. Rules read it and never change it. */
export interface AcmeRequest {
  /** From 1 in time order, over the ACME requests of all inputs. */
  readonly id: number
  readonly exchange: HttpExchange
  readonly http: HttpRequest
  readonly time: Micros
  readonly ca: Ca | null
  readonly resource: Resource
  readonly roleBasis: RoleBasis
  readonly method: string
  /** The URL that the client asked for, and the one seen on the captured leg. */
  readonly url: string
  readonly observedUrl: string
  readonly urlBasis: UrlBasis
  /** Signs that a proxy or terminator stands between the client and the captured leg. */
  readonly behindProxy: boolean
  /** The request body as a JWS; null when the request carries none (GET, HEAD) or its bytes are missing, see `bodyLost`. */
  readonly jws: Jws | null
  /** True when the capture lacks bytes of the request's body, so that nothing about the JWS can be told. */
  readonly bodyLost: boolean
  readonly payload: unknown
  readonly payloadKind: PayloadKind
  /** The JWS inside the payload: of a key change (RFC 8555 7.3.5) or an external account binding (7.3.4). */
  readonly inner: InnerJws | null
  /** Protected header parameters when they have the type RFC 7515 and RFC 8555 6 give them; "" counts as a string. */
  readonly kid: string | null
  readonly jwk: JwkFacts | null
  readonly alg: string | null
  readonly nonce: string | null
  readonly signedUrl: string | null
  /** The account that kid names, or that the jwk turned out to belong to. */
  readonly account: Account | null
  readonly key: RequestKey | null
  readonly signature: SignatureState
  readonly nonceRecord: NonceRecord | null
  readonly response: HttpResponse | null
  /** The answer's JSON body; undefined when there is none or it was not captured. */
  readonly answer: unknown
  readonly problem: Problem | null
  /** Replay-Nonce and Location of the answer, as sent. */
  readonly replayNonce: string | null
  readonly location: string | null
  /** What finalize carries as csr; null when it is missing or no string, or this is another resource. */
  readonly csr: SubmittedCsr | null
  /** What revokeCert carries as certificate; null when it is missing or no string, or this is another resource. */
  readonly certificate: Carried<Certificate> | null
  /** The chain that a certificate resource answered with; null when there is none, or it is not PEM or not whole. */
  readonly chain: Chain | null
  /** Further places where the same request was captured. */
  readonly alsoSeen: readonly HttpExchange[]
}

/** Everything ACME in the capture, settled over the whole timeline. */
export interface AcmeTraffic {
  readonly requests: readonly AcmeRequest[]
  readonly cas: readonly Ca[]
  readonly accounts: ReadonlyMap<string, Account>
  readonly orders: ReadonlyMap<string, Order>
  readonly authorizations: ReadonlyMap<string, Authorization>
  readonly challenges: ReadonlyMap<string, Challenge>
  /** Every URL the CAs named, with its role. */
  readonly urls: ReadonlyMap<string, IssuedUrl>
  /** Account key thumbprint to the accounts it was registered for. */
  readonly accountsByKey: ReadonlyMap<string, readonly Account[]>
  readonly lookUps: readonly LookUp[]
  /** TLS connections without secrets, whatever they carried. */
  readonly undecrypted: readonly Connection[]
  /** Validation traffic besides HTTP: DNS and TLS. */
  readonly side: SideEvidence
}

export interface IssuedUrl {
  readonly url: string
  readonly role: Resource
  readonly ca: Ca
  readonly time: Micros
  /** kid of the request whose answer named it; null when unknown. */
  readonly owner: string | null
}

/** The requests that count in the summary: all but the CA's validation fetches and what is not ACME. */
export function isJudged(request: AcmeRequest): boolean {
  return request.resource !== 'validation' && request.resource !== 'other'
}
