import type { TokenQuirks } from '../token-server.ts'
import { alice, atBearer, errorBody, jsonHeaders } from './cause.ts'
import type { Cause } from './cause.ts'

/** The real registry, and a token server that does this. */
const tokens = (code: Cause['code'], what: string, quirks: TokenQuirks, facts: Partial<Cause> = {}): Cause => ({
  code,
  what,
  happens(lab) {
    Object.assign(lab.tokens.quirks, quirks)
    return atBearer(lab, 'acme/shop:1.2', alice)
  },
  ...facts,
})

const html = { 'content-type': 'text/html' }

/** The registry works, and the server that makes its tokens does not. */
export const tokenServers: readonly Cause[] = [
  tokens(
    'TOKEN_RESPONSE_INVALID',
    'a login page in place of a token',
    { answer: { status: 200, headers: html, body: '<html><title>Sign in to ACME</title><form action="/sso">' } },
    { found: /^text\/html: <html><title>Sign in/ },
  ),
  tokens('TOKEN_RESPONSE_INVALID', 'an answer without a token', { says: () => ({ expires_in: 300 }) }, { found: /^application\/json/ }),
  tokens(
    'TOKEN_RESPONSE_INVALID',
    'an answer of more than 128 KiB',
    { answer: { status: 200, headers: jsonHeaders, body: JSON.stringify({ token: 'x'.repeat(200_000) }) } },
    { found: /…\]/ },
  ),
  tokens(
    'AUTH_ENDPOINT_BROKEN',
    'no token server at that address',
    { answer: { status: 404, headers: html, body: 'nothing here' } },
    {
      found: /^HTTP 404/,
      retryable: false,
    },
  ),
  tokens(
    'AUTH_ENDPOINT_BROKEN',
    'a token server that takes no GET',
    { answer: { status: 405, headers: html, body: '' } },
    {
      found: /^HTTP 405/,
      retryable: false,
    },
  ),
  tokens(
    'AUTH_ENDPOINT_BROKEN',
    'a token server that breaks',
    { answer: { status: 500, headers: html, body: 'panic' } },
    { found: /^HTTP 500: panic/ },
  ),
  tokens(
    'AUTH_ENDPOINT_BROKEN',
    'a token server that is being restarted',
    { answer: { status: 503, headers: jsonHeaders, body: errorBody('UNAVAILABLE', 'restarting') } },
    { found: /^HTTP 503 UNAVAILABLE: restarting/ },
  ),
  tokens(
    'AUTH_ENDPOINT_BROKEN',
    'a token server that does not know the scheme',
    { answer: { status: 500, headers: jsonHeaders, body: '{"details":"unsupported authentication scheme"}' } },
    { found: /unsupported authentication scheme/ },
  ),
  tokens(
    'CLOCK_SKEW_SERVER',
    'a token server whose clock is 400 s fast',
    { ahead: 400 },
    { found: /clock is (399|400|401) s ahead of the registry/ },
  ),
  tokens('CLOCK_SKEW_SERVER', 'a token server whose clock is 400 s slow', { ahead: -400 }, { found: /clock is (399|400|401) s behind the registry/ }),
  tokens('REGISTRY_REJECTS_ITS_OWN_TOKENS', 'another issuer', { issuer: 'somebody-else' }, { found: /^HTTP 401$/ }),
  tokens('REGISTRY_REJECTS_ITS_OWN_TOKENS', 'another audience', { audience: 'another.service' }, { found: /^HTTP 401$/ }),
  tokens('REGISTRY_REJECTS_ITS_OWN_TOKENS', 'a token that is none', { token: 'garbage-and-not-a-token' }, { secrets: ['garbage-and-not-a-token'] }),
]
