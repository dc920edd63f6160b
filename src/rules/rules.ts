import { accountContactMailto } from './account/account-contact-mailto.ts'
import { accountContactScheme } from './account/account-contact-scheme.ts'
import { accountCreateResponse } from './account/account-create-response.ts'
import { accountLookupPayload } from './account/account-lookup-payload.ts'
import { accountObject } from './account/account-object.ts'
import { accountTosNotAgreed } from './account/account-tos-not-agreed.ts'
import { accountUpdate } from './account/account-update.ts'
import { serverLookupRefused } from './account/server-lookup-refused.ts'
import { ariCertid } from './ari/ari-certid.ts'
import { ariLifetime } from './ari/ari-lifetime.ts'
import { ariPollInterval } from './ari/ari-poll-interval.ts'
import { ariReplaces } from './ari/ari-replaces.ts'
import { ariRequestForm } from './ari/ari-request-form.ts'
import { ariResponse } from './ari/ari-response.ts'
import { authzDeactivation } from './authorization/authz-deactivation.ts'
import { authzNewauthz } from './authorization/authz-newauthz.ts'
import { authzObject } from './authorization/authz-object.ts'
import { authzState } from './authorization/authz-state.ts'
import { captureDuplicates } from './capture/capture-duplicates.ts'
import { captureGaps } from './capture/capture-gaps.ts'
import { captureHarLimits } from './capture/capture-har-limits.ts'
import { captureResponseMissing } from './capture/capture-response-missing.ts'
import { captureSecrets } from './capture/capture-secrets.ts'
import { captureStartsMidsession } from './capture/capture-starts-midsession.ts'
import { captureTlsOpaque } from './capture/capture-tls-opaque.ts'
import { certContentType } from './certificate/cert-content-type.ts'
import { certKeyMatch } from './certificate/cert-key-match.ts'
import { certNamesMatch } from './certificate/cert-names-match.ts'
import { certPemForm } from './certificate/cert-pem-form.ts'
import { certValidity } from './certificate/cert-validity.ts'
import { challengeLegacyKeyauth } from './challenge/challenge-legacy-keyauth.ts'
import { challengeObject } from './challenge/challenge-object.ts'
import { challengePayload } from './challenge/challenge-payload.ts'
import { challengeReposted } from './challenge/challenge-reposted.ts'
import { challengeTooEarly } from './challenge/challenge-too-early.ts'
import { challengeTypeAllowed } from './challenge/challenge-type-allowed.ts'
import { challengeUpLink } from './challenge/challenge-up-link.ts'
import { dns01Name } from './challenge/dns01-name.ts'
import { dns01TxtValue } from './challenge/dns01-txt-value.ts'
import { http01Fetch } from './challenge/http01-fetch.ts'
import { http01KeyAuthorization } from './challenge/http01-key-authorization.ts'
import { tlsalpn01Certificate } from './challenge/tlsalpn01-certificate.ts'
import { tlsalpn01Handshake } from './challenge/tlsalpn01-handshake.ts'
import { eabEcho } from './eab/eab-echo.ts'
import { eabMac } from './eab/eab-mac.ts'
import { eabNonce } from './eab/eab-nonce.ts'
import { eabPayloadKey } from './eab/eab-payload-key.ts'
import { eabRequired } from './eab/eab-required.ts'
import { eabReuse } from './eab/eab-reuse.ts'
import { eabStructure } from './eab/eab-structure.ts'
import { eabUrl } from './eab/eab-url.ts'
import { finalizeAccountKey } from './finalize/finalize-account-key.ts'
import { finalizeCsrEncoding } from './finalize/finalize-csr-encoding.ts'
import { finalizeCsrIdentifiers } from './finalize/finalize-csr-identifiers.ts'
import { finalizeCsrKey } from './finalize/finalize-csr-key.ts'
import { finalizeNotReady } from './finalize/finalize-not-ready.ts'
import { finalizeRepeated } from './finalize/finalize-repeated.ts'
import { finalizeResponse } from './finalize/finalize-response.ts'
import { jwkAlgConflict } from './jwk/jwk-alg-conflict.ts'
import { jwkEcInvalid } from './jwk/jwk-ec-invalid.ts'
import { jwkForbidden } from './jwk/jwk-forbidden.ts'
import { jwkIntegerEncoding } from './jwk/jwk-integer-encoding.ts'
import { jwkKeyType } from './jwk/jwk-key-type.ts'
import { jwkMembersMissing } from './jwk/jwk-members-missing.ts'
import { jwkPrivateMembers } from './jwk/jwk-private-members.ts'
import { jwkRequired } from './jwk/jwk-required.ts'
import { jwkRsaWeak } from './jwk/jwk-rsa-weak.ts'
import { algForbidden } from './jws/alg-forbidden.ts'
import { algKeyMismatch } from './jws/alg-key-mismatch.ts'
import { algUnsupported } from './jws/alg-unsupported.ts'
import { base64urlNoncanonical } from './jws/base64url-noncanonical.ts'
import { base64urlStrict } from './jws/base64url-strict.ts'
import { bodyNotJws } from './jws/body-not-jws.ts'
import { critHeader } from './jws/crit-header.ts'
import { flattenedSerialization } from './jws/flattened-serialization.ts'
import { legacyResourceField } from './jws/legacy-resource-field.ts'
import { multipleSignatures } from './jws/multiple-signatures.ts'
import { payloadMemberMissing } from './jws/payload-member-missing.ts'
import { payloadNotJson } from './jws/payload-not-json.ts'
import { protectedHeaderMalformed } from './jws/protected-header-malformed.ts'
import { unencodedPayload } from './jws/unencoded-payload.ts'
import { unprotectedHeader } from './jws/unprotected-header.ts'
import { keychangeInnerJws } from './key-change/keychange-inner-jws.ts'
import { keychangeInnerNonce } from './key-change/keychange-inner-nonce.ts'
import { keychangeInnerUrl } from './key-change/keychange-inner-url.ts'
import { keychangeNewKey } from './key-change/keychange-new-key.ts'
import { keychangeObject } from './key-change/keychange-object.ts'
import { kidForbidden } from './kid/kid-forbidden.ts'
import { kidForeignAuthority } from './kid/kid-foreign-authority.ts'
import { kidInactiveAccount } from './kid/kid-inactive-account.ts'
import { kidIsEabKeyId } from './kid/kid-is-eab-key-id.ts'
import { kidJwkBothAbsent } from './kid/kid-jwk-both-absent.ts'
import { kidJwkExclusive } from './kid/kid-jwk-exclusive.ts'
import { kidLocationMismatch } from './kid/kid-location-mismatch.ts'
import { kidNotAccountUrl } from './kid/kid-not-account-url.ts'
import { kidRequired } from './kid/kid-required.ts'
import { kidResourceOwner } from './kid/kid-resource-owner.ts'
import { nonceBadnonceNotRetried } from './nonce/nonce-badnonce-not-retried.ts'
import { nonceEncoding } from './nonce/nonce-encoding.ts'
import { nonceMissing } from './nonce/nonce-missing.ts'
import { nonceNeverIssued } from './nonce/nonce-never-issued.ts'
import { nonceOld } from './nonce/nonce-old.ts'
import { noncePrefetchWasteful } from './nonce/nonce-prefetch-wasteful.ts'
import { nonceRetryNotFresh } from './nonce/nonce-retry-not-fresh.ts'
import { nonceReused } from './nonce/nonce-reused.ts'
import { nonceWrongAuthority } from './nonce/nonce-wrong-authority.ts'
import { orderAutoRenewal } from './order/order-auto-renewal.ts'
import { orderExpired } from './order/order-expired.ts'
import { orderIdentifiers } from './order/order-identifiers.ts'
import { orderImmutable } from './order/order-immutable.ts'
import { orderIpForm } from './order/order-ip-form.ts'
import { orderProfile } from './order/order-profile.ts'
import { orderResponse } from './order/order-response.ts'
import { orderState } from './order/order-state.ts'
import { orderValidityDates } from './order/order-validity-dates.ts'
import { orderWildcardForm } from './order/order-wildcard-form.ts'
import { pollInterval } from './order/poll-interval.ts'
import { revokeAuth } from './revocation/revoke-auth.ts'
import { revokePayload } from './revocation/revoke-payload.ts'
import { revokeResponse } from './revocation/revoke-response.ts'
import type { Rule } from './rule.ts'
import { serverAcceptedInvalid } from './server/server-accepted-invalid.ts'
import { serverBadnonceShape } from './server/server-badnonce-shape.ts'
import { serverBadsigalgAlgorithms } from './server/server-badsigalg-algorithms.ts'
import { serverDirectory } from './server/server-directory.ts'
import { serverErrorStatus } from './server/server-error-status.ts'
import { serverEs256Support } from './server/server-es256-support.ts'
import { serverIndexLink } from './server/server-index-link.ts'
import { serverInternalError } from './server/server-internal-error.ts'
import { serverMustAccept } from './server/server-must-accept.ts'
import { serverNewnonceCache } from './server/server-newnonce-cache.ts'
import { serverNewnonceStatus } from './server/server-newnonce-status.ts'
import { serverNonceDuplicate } from './server/server-nonce-duplicate.ts'
import { serverNonceEncoding } from './server/server-nonce-encoding.ts'
import { serverNonceOnError } from './server/server-nonce-on-error.ts'
import { serverNonceOnSuccess } from './server/server-nonce-on-success.ts'
import { serverProblemDocument } from './server/server-problem-document.ts'
import { serverProblemType } from './server/server-problem-type.ts'
import { serverRateLimit } from './server/server-rate-limit.ts'
import { serverUserAction } from './server/server-user-action.ts'
import { signatureDerEncoded } from './signature/signature-der-encoded.ts'
import { signatureInvalid } from './signature/signature-invalid.ts'
import { signatureLength } from './signature/signature-length.ts'
import { signatureMissing } from './signature/signature-missing.ts'
import { signatureStaleKey } from './signature/signature-stale-key.ts'
import { signatureWrongKey } from './signature/signature-wrong-key.ts'
import { acceptLanguage } from './transport/accept-language.ts'
import { contentTypeJose } from './transport/content-type-jose.ts'
import { getNotAllowed } from './transport/get-not-allowed.ts'
import { httpsRequired } from './transport/https-required.ts'
import { jwsResentVerbatim } from './transport/jws-resent-verbatim.ts'
import { postAsGetPayload } from './transport/post-as-get-payload.ts'
import { redirectOnAcmeRequest } from './transport/redirect-on-acme-request.ts'
import { replayNonceInRequest } from './transport/replay-nonce-in-request.ts'
import { requestBodyTooLarge } from './transport/request-body-too-large.ts'
import { userAgentRequired } from './transport/user-agent-required.ts'
import { urlGuessed } from './url/url-guessed.ts'
import { urlMismatch } from './url/url-mismatch.ts'
import { urlMissing } from './url/url-missing.ts'
import { urlNotAbsoluteHttps } from './url/url-not-absolute-https.ts'
import { urlNotAsIssued } from './url/url-not-as-issued.ts'

/**
 * Every rule, in the order in which servers look: of two faults that could both explain a refusal, the earlier one is named first. It
 * follows the common order of Boulder, Pebble and step-ca: transport, shape of the JWS, who signs, signature, nonce, url, payload.
 */
export const RULES: readonly Rule[] = [
  userAgentRequired,
  getNotAllowed,
  contentTypeJose,
  replayNonceInRequest,
  requestBodyTooLarge,
  bodyNotJws,
  unprotectedHeader,
  multipleSignatures,
  flattenedSerialization,
  payloadMemberMissing,
  base64urlStrict,
  protectedHeaderMalformed,
  unencodedPayload,
  critHeader,
  algForbidden,
  jwkPrivateMembers,
  kidJwkBothAbsent,
  kidJwkExclusive,
  kidForbidden,
  jwkRequired,
  kidRequired,
  jwkForbidden,
  kidNotAccountUrl,
  kidIsEabKeyId,
  kidForeignAuthority,
  kidLocationMismatch,
  kidInactiveAccount,
  jwkMembersMissing,
  jwkEcInvalid,
  jwkRsaWeak,
  jwkIntegerEncoding,
  jwkKeyType,
  jwkAlgConflict,
  algKeyMismatch,
  algUnsupported,
  signatureMissing,
  signatureDerEncoded,
  signatureLength,
  signatureStaleKey,
  signatureWrongKey,
  signatureInvalid,
  base64urlNoncanonical,
  nonceMissing,
  nonceEncoding,
  jwsResentVerbatim,
  nonceReused,
  nonceWrongAuthority,
  nonceNeverIssued,
  nonceOld,
  nonceRetryNotFresh,
  nonceBadnonceNotRetried,
  noncePrefetchWasteful,
  urlMissing,
  urlNotAbsoluteHttps,
  urlMismatch,
  urlNotAsIssued,
  urlGuessed,
  httpsRequired,
  redirectOnAcmeRequest,
  payloadNotJson,
  postAsGetPayload,
  kidResourceOwner,
  legacyResourceField,
  acceptLanguage,
  keychangeInnerJws,
  keychangeInnerNonce,
  keychangeInnerUrl,
  keychangeObject,
  keychangeNewKey,
  eabStructure,
  eabNonce,
  eabUrl,
  eabPayloadKey,
  eabMac,
  eabRequired,
  eabReuse,
  accountLookupPayload,
  accountTosNotAgreed,
  accountContactMailto,
  accountContactScheme,
  accountUpdate,
  accountCreateResponse,
  accountObject,
  eabEcho,
  serverLookupRefused,
  orderIdentifiers,
  orderWildcardForm,
  orderIpForm,
  orderValidityDates,
  orderProfile,
  orderAutoRenewal,
  orderExpired,
  authzNewauthz,
  authzDeactivation,
  challengePayload,
  challengeLegacyKeyauth,
  challengeReposted,
  challengeTooEarly,
  http01Fetch,
  http01KeyAuthorization,
  dns01Name,
  dns01TxtValue,
  tlsalpn01Handshake,
  tlsalpn01Certificate,
  finalizeNotReady,
  finalizeRepeated,
  finalizeCsrEncoding,
  finalizeCsrKey,
  finalizeCsrIdentifiers,
  finalizeAccountKey,
  revokePayload,
  revokeAuth,
  ariRequestForm,
  ariCertid,
  ariReplaces,
  ariLifetime,
  ariPollInterval,
  pollInterval,
  orderResponse,
  orderImmutable,
  orderState,
  finalizeResponse,
  certContentType,
  certPemForm,
  certKeyMatch,
  certNamesMatch,
  certValidity,
  revokeResponse,
  ariResponse,
  authzObject,
  authzState,
  challengeObject,
  challengeUpLink,
  challengeTypeAllowed,
  serverDirectory,
  serverNewnonceStatus,
  serverNewnonceCache,
  serverNonceOnSuccess,
  serverNonceOnError,
  serverBadnonceShape,
  serverNonceEncoding,
  serverNonceDuplicate,
  serverIndexLink,
  serverProblemDocument,
  serverProblemType,
  serverBadsigalgAlgorithms,
  serverRateLimit,
  serverUserAction,
  serverInternalError,
  serverAcceptedInvalid,
  serverEs256Support,
  serverMustAccept,
  serverErrorStatus,
  captureStartsMidsession,
  captureGaps,
  captureHarLimits,
  captureTlsOpaque,
  captureDuplicates,
  captureResponseMissing,
  captureSecrets,
]
