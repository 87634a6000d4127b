import { SERVICE } from '../token-server.ts'
import { alice, atBearer } from './cause.ts'
import type { Cause, Question } from './cause.ts'
import { fetchHere, leading } from './lab.ts'
import type { Lab } from './lab.ts'

/** A registry that asks for authentication in these words. */
const asking = (code: Cause['code'], what: string, challenge: string | null, facts: Partial<Cause> = {}): Cause => ({
  code,
  what,
  happens: async (lab) => ({
    image: `${await lab.says({ status: 401, headers: challenge === null ? {} : { 'www-authenticate': challenge } })}/acme/shop:1.2`,
    credential: alice,
    // It would go where it is sent, and no test of ours knocks at foreign doors.
    ...(/realm=/.test(challenge ?? '') && { skopeo: null }),
  }),
  ...facts,
})

/** nginx sends the requests for layers elsewhere. */
async function redirecting(lab: Lab, to: string): Promise<Question> {
  const host = await lab.front({ server: `location ~ /blobs/ { return 307 ${to}; } location / { proxy_pass http://${lab.open.host}; }` })
  return { image: `${host}/acme/shop@${lab.shop.digest}`, wants: 'layers', skopeo: null }
}

/** The registry asks in a way that cannot be answered, or must not be. */
export const challenges: readonly Cause[] = [
  asking('CHALLENGE_MISSING', 'a proxy that takes the challenge away', null, { found: /without WWW-Authenticate/ }),
  asking('CHALLENGE_MALFORMED', 'a challenge with the realm twice', 'Bearer realm="https://a.example/token",realm="https://b.example/token"'),
  asking('CHALLENGE_MALFORMED', 'a challenge that names no address', 'Bearer service="registry"', { found: /bearer/ }),
  asking('CHALLENGE_UNSUPPORTED', 'a registry that knows Kerberos only', 'Negotiate, NTLM', { found: /^negotiate, ntlm$/ }),
  {
    code: 'REALM_FORBIDDEN',
    what: 'a token server on another port, which nobody listed',
    happens: (lab) => ({ ...atBearer(lab, 'acme/shop:1.2'), rules: {} }),
    found: /^http:\/\/127\.0\.0\.1:\d+: not https$/,
  },
  asking('REALM_FORBIDDEN', 'a realm at the metadata service', 'Bearer realm="http://169.254.169.254/latest/meta-data/",service="x"', {
    found: /^http:\/\/169\.254\.169\.254/,
  }),
  asking('REALM_FORBIDDEN', 'a realm with a user name in it', 'Bearer realm="https://alice@tokens.example/token",service="x"', {
    found: /user name/,
  }),
  asking('REALM_FORBIDDEN', 'a realm in the private network', 'Bearer realm="https://10.0.0.1/token",service="x"', { found: /a private address$/ }),
  {
    code: 'REALM_NOT_TRUSTED',
    what: 'a token server of somebody else',
    async happens(lab) {
      const realm = 'https://tokens.example/token'
      const registry = await lab.registry({ auth: 'token', realm })
      const toTokens = leading({ 'https://tokens.example': new URL(registry.tokens!.realm).origin })
      return { image: `${registry.host}/acme/shop:1.2`, credential: alice, doors: { publicFetch: toTokens }, skopeo: null }
    },
    found: /^https:\/\/tokens\.example$/,
    next: /trusted_realms/,
  },
  {
    code: 'REDIRECT_FORBIDDEN',
    what: 'layers on a private address',
    happens: (lab) => redirecting(lab, 'http://10.1.2.3/storage'),
    found: /^http:\/\/10\.1\.2\.3: a private address$/,
  },
  {
    code: 'REDIRECT_FORBIDDEN',
    what: 'redirects without an end',
    happens: (lab) => redirecting(lab, '$request_uri'),
    found: /^too many hops$/,
  },
  {
    code: 'REDIRECT_FORBIDDEN',
    what: 'a redirect from https to http',
    async happens(lab) {
      const certificate = lab.certificate({ names: ['registry.example'] })
      const front = await lab.front({ tls: certificate, server: `location / { return 307 http://storage.example$request_uri; }` })
      return { image: front.replace('127.0.0.1', 'registry.example') + '/acme/shop:1.2', doors: { fetch: fetchHere(lab.authority) }, skopeo: null }
    },
    found: /^http:\/\/storage\.example: from https to http$/,
  },
  {
    code: 'REDIRECT_FORBIDDEN',
    what: 'a token server that sends us on to another',
    happens(lab) {
      lab.tokens.quirks.answer = { status: 307, headers: { location: 'https://tokens.example/token' } }
      return { ...atBearer(lab, 'acme/shop:1.2'), skopeo: null }
    },
    found: /another origin/,
  },
]

/** What looks odd and is right: the digest has to come. */
export const oddities: readonly { readonly what: string; happens(lab: Lab): Promise<Question> | Question }[] = [
  { what: 'a token server that says only access_token', happens: (lab) => saying(lab, (token) => ({ access_token: token, expires_in: 300 })) },
  { what: 'a token server that says only token, and not how long it lives', happens: (lab) => saying(lab, (token) => ({ token })) },
  { what: 'a token server that says how long in a text', happens: (lab) => saying(lab, (token) => ({ token, expires_in: '300' })) },
  {
    what: 'a token server whose clock is 50 s fast',
    happens: (lab) => Object.assign(lab.tokens.quirks, { ahead: 50 }) && atBearer(lab, 'acme/shop:1.2'),
  },
  { what: 'Negotiate and NTLM before Bearer', happens: (lab) => offering(lab, ['Negotiate', 'NTLM', bearer(lab)]) },
  { what: 'Basic before Bearer', happens: (lab) => offering(lab, ['Basic realm="x"', bearer(lab)]) },
  { what: 'Bearer and Basic in one header', happens: (lab) => offering(lab, [`${bearer(lab)},Basic realm="x"`]) },
]

const bearer = (lab: Lab): string => `Bearer realm="${lab.tokens.realm}",service="${SERVICE}",scope="repository:acme/shop:pull"`

function saying(lab: Lab, says: (token: string) => object): Question {
  lab.tokens.quirks.says = says
  return atBearer(lab, 'acme/shop:1.2')
}

/** nginx puts other challenges in place of the registry's own. */
async function offering(lab: Lab, offers: readonly string[]): Promise<Question> {
  const quoted = (text: string) => `'${text}'`
  const headers = offers.map((offer) => `add_header WWW-Authenticate ${quoted(offer)} always;`).join(' ')
  // nginx's own 401 where there is no token: then nothing of the registry's header is left.
  const server = `location / { if ($http_authorization = '') { return 401 '{}'; } proxy_pass http://${lab.bearer.host}; } ${headers}`
  const host = await lab.front({ server })
  return { ...atBearer(lab, 'acme/shop:1.2'), image: `${host}/acme/shop:1.2` }
}
