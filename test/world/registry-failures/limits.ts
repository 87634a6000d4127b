import { anonymous } from '../../../src/registry/credential.ts'
import { alice, atBearer, errorBody, jsonHeaders } from './cause.ts'
import type { Cause } from './cause.ts'
import type { Lab } from './lab.ts'

/** nginx lets one request a minute through to the registry, and says this to the others. */
const limited = (lab: Lab, says: string): Promise<string> =>
  lab.front({
    http: 'limit_req_zone $binary_remote_addr zone=pulls:1m rate=1r/m;',
    server: `
    limit_req zone=pulls;
    limit_req_status 429;
    error_page 429 @limited;
    location / { proxy_pass http://${lab.basic.host}; }
    location @limited { default_type application/json; ${says} }`,
  })

const PULL_LIMIT =
  'You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit'

/** The registry is asked too often. */
export const limits: readonly Cause[] = [
  {
    code: 'RATE_LIMITED',
    what: 'a limit that says to come back in a quarter of an hour',
    async happens(lab) {
      const body = errorBody('TOOMANYREQUESTS', 'too many requests')
      return {
        image: `${await limited(lab, `add_header Retry-After 900 always; return 429 '${body}';`)}/acme/shop:1.2`,
        credential: alice,
        skopeo: null,
      }
    },
    found: /^HTTP 429/,
    retryAfter: 900_000,
  },
  {
    code: 'RATE_LIMITED',
    what: 'Docker Hub’s limit on pulls',
    async happens(lab) {
      const headers = `add_header ratelimit-limit '100;w=21600' always; add_header ratelimit-remaining '0;w=21600' always; add_header docker-ratelimit-source 192.0.2.1 always;`
      const host = await limited(lab, `${headers} return 429 '${errorBody('TOOMANYREQUESTS', PULL_LIMIT)}';`)
      return { image: `${host}/acme/shop:1.2`, credential: alice, family: 'docker-hub' }
    },
    found: /^HTTP 429 \(limit 100;w=21600, left 0;w=21600, counted for 192\.0\.2\.1\)$/,
  },
  {
    code: 'RATE_LIMITED',
    what: 'a limit that says nothing',
    happens: async (lab) => ({ image: `${await limited(lab, `return 429 '';`)}/acme/shop:1.2`, credential: alice }),
    found: /^HTTP 429$/,
  },
  {
    code: 'RATE_LIMITED',
    what: 'GHCR’s limit, an hour long, in its message',
    async happens(lab) {
      const body = errorBody('TOOMANYREQUESTS', 'retry-after: 1h2m0.5s, allowed: 44000/minute')
      return {
        image: `${await lab.says({ status: 429, headers: jsonHeaders, body })}/acme/shop@${lab.shop.digest}`,
        credential: anonymous,
        family: 'ghcr',
        wants: 'layers',
      }
    },
    found: /allowed: 44000\/minute/,
    retryAfter: 3_720_500,
  },
  {
    code: 'RATE_LIMITED',
    what: 'a token server’s limit',
    happens(lab) {
      lab.tokens.quirks.answer = { status: 429, headers: { ...jsonHeaders, 'retry-after': '120' }, body: errorBody('TOOMANYREQUESTS', 'slow down') }
      return atBearer(lab, 'acme/shop:1.2')
    },
    found: /slow down \(token server/,
    retryAfter: 120_000,
  },
]
