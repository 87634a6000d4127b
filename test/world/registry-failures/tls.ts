import type { Certificate } from '../test-authority.ts'
import { alice } from './cause.ts'
import type { Cause, Question } from './cause.ts'
import { fetchHere } from './lab.ts'
import type { Lab } from './lab.ts'

const NAME = 'registry.example' // loopback itself is spoken to in plain HTTP

/** The registry over TLS: `isKnown`, whether we know who issued its certificate. */
async function over(lab: Lab, certificate: Certificate, isKnown: boolean): Promise<Question> {
  const port = new URL(`http://${(await lab.registry({ auth: 'htpasswd', certificate })).host}`).port
  const authority = isKnown ? lab.authority : undefined
  const skopeo = { image: `localhost:${port}/acme/shop:1.2`, words: isKnown ? ['--cert-dir', lab.authority.trusted] : [] }
  return { image: `${NAME}:${port}/acme/shop:1.2`, credential: alice, doors: { fetch: fetchHere(authority) }, skopeo }
}

const names = [NAME, 'localhost']

/** No safe connection comes about. Nothing is sent then, no secret either. */
export const tls: readonly Cause[] = [
  {
    code: 'TLS_UNTRUSTED',
    what: 'a certificate of an authority of one’s own',
    happens: (lab) => over(lab, lab.certificate({ names }), false),
    found: /^(UNABLE_TO_|SELF_SIGNED)/,
    next: /NODE_EXTRA_CA_CERTS/,
  },
  {
    code: 'TLS_NAME_MISMATCH',
    what: 'a certificate for another name',
    happens: (lab) => over(lab, lab.certificate({ names: ['other.example'] }), true),
    found: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
  },
  {
    code: 'TLS_EXPIRED',
    what: 'a certificate that has expired',
    happens: (lab) => over(lab, lab.certificate({ names, isExpired: true }), true),
    found: /^CERT_HAS_EXPIRED$/,
  },
  {
    code: 'TLS_PROTOCOL',
    what: 'https to a port that speaks plain HTTP',
    happens(lab) {
      const { port } = new URL(`http://${lab.open.host}`)
      return {
        image: `${NAME}:${port}/acme/shop:1.2`,
        doors: { fetch: fetchHere() },
        skopeo: { image: `localhost:${port}/acme/shop:1.2`, words: [] },
      }
    },
    found: /^(ERR_SSL_|EPROTO)/,
    next: /plain_http/,
  },
  {
    code: 'TLS_PROTOCOL',
    what: 'plain HTTP to a port that speaks TLS',
    async happens(lab) {
      const registry = await lab.registry({ auth: 'htpasswd', certificate: lab.certificate({ names }) })
      return { image: `${registry.host}/acme/shop:1.2`, credential: alice, skopeo: null }
    },
    found: /^HTTP 400: Client sent an HTTP request to an HTTPS server/,
  },
]
