import { freePorts } from '../../demo/free-ports.ts'
import { closesTheSocket, cutsShort } from '../fault-server.ts'
import { alice, atBearer, errorBody, hurriedClock, jsonHeaders } from './cause.ts'
import type { Cause } from './cause.ts'
import type { Lab } from './lab.ts'

/** nginx in front of a registry that does not do its part. */
const infrontOf = async (lab: Lab, host: string, more = ''): Promise<string> =>
  `${await lab.front({ server: `location / { proxy_pass http://${host}; ${more} }` })}/acme/shop:1.2`

async function deadHost(): Promise<string> {
  const [port] = await freePorts(1)
  return `127.0.0.1:${port}`
}

/** The registry cannot be reached, or not for long enough. */
export const network: readonly Cause[] = [
  {
    code: 'REGISTRY_UNAVAILABLE',
    what: 'nothing that listens there',
    happens: async () => ({ image: `${await deadHost()}/acme/shop:1.2` }),
    found: /^ECONNREFUSED$/,
  },
  {
    code: 'REGISTRY_UNAVAILABLE',
    what: 'nginx, and nothing behind it',
    happens: async (lab) => ({ image: await infrontOf(lab, await deadHost()) }),
    found: /^HTTP 502/,
  },
  {
    code: 'REGISTRY_UNAVAILABLE',
    what: 'nginx, and a registry behind it that stands still',
    async happens(lab) {
      lab.open.standsStill()
      lab.afterwards(() => lab.open.goesOn())
      return { image: await infrontOf(lab, lab.open.host, 'proxy_read_timeout 100ms;') }
    },
    found: /^HTTP 504/,
  },
  {
    code: 'REGISTRY_UNAVAILABLE',
    what: 'a registry that is being drained',
    async happens(lab) {
      lab.open.isDrained(true)
      lab.afterwards(() => becomes(lab, 200, false))
      await becomes(lab, 503, true)
      return { image: `${lab.open.host}/acme/shop:1.2` }
    },
    found: /^HTTP 503/,
  },
  {
    code: 'REGISTRY_UNAVAILABLE',
    what: 'a connection that is closed without an answer',
    happens: async (lab) => ({ image: `${await lab.breaks(closesTheSocket)}/acme/shop:1.2` }),
    found: /^(UND_ERR_SOCKET|ECONNRESET)$/,
  },
  {
    code: 'REGISTRY_UNAVAILABLE',
    what: 'a body that is cut short',
    happens: async (lab) => ({ image: `${await lab.breaks(cutsShort)}/acme/shop:1.2`, wants: 'platform' }),
    found: /^UND_ERR_SOCKET$/,
  },
  {
    code: 'REGISTRY_UNAVAILABLE',
    what: 'a storage that does not know the layer',
    async happens(lab) {
      const storage = `http://${await lab.says({ status: 403, body: '<Error><Code>AccessDenied</Code></Error>' })}`
      const redirect = `location ~ /blobs/ { return 307 ${storage}/signed?X-Signature=storage-signature; }`
      const host = await lab.front({ server: `${redirect} location / { proxy_pass http://${lab.open.host}; }` })
      return { image: `${host}/acme/shop@${lab.shop.digest}`, wants: 'layers', rules: { trustedStorage: [storage] } }
    },
    found: /^HTTP 403/,
    secrets: ['storage-signature'],
  },
  {
    code: 'TIMEOUT',
    what: 'a registry that takes the request and says nothing',
    happens(lab) {
      lab.open.standsStill()
      lab.afterwards(() => lab.open.goesOn())
      return { image: `${lab.open.host}/acme/shop:1.2`, doors: hurriedClock, skopeo: null }
    },
    found: /^no answer within \d+ ms \(manifest\)$/,
  },
  {
    code: 'TIMEOUT',
    what: 'a token server that says nothing',
    happens(lab) {
      lab.tokens.quirks.isSilent = true
      return { ...atBearer(lab, 'acme/shop:1.2', alice), doors: hurriedClock, skopeo: null }
    },
    found: /\(token\)$/,
  },
  {
    code: 'TIMEOUT',
    what: 'a manifest that comes drop by drop',
    happens: async (lab) => ({ image: await infrontOf(lab, lab.open.host, 'limit_rate 10;'), wants: 'platform', doors: hurriedClock, skopeo: null }),
  },
  {
    code: 'DNS_FAILED',
    what: 'a host name with a typing error',
    happens: () => ({ image: 'registry.acme.invalid/acme/shop:1.2' }),
    found: /^(ENOTFOUND|EAI_AGAIN)$/,
  },
  {
    code: 'NETWORK_UNKNOWN',
    what: 'workerd, and a name or certificate that it does not like',
    // The error as workerd throws it (registry.md, 1.14); no registry can have Node throw it.
    happens: () => ({
      image: 'registry.example/acme/shop:1.2',
      doors: { fetch: () => Promise.reject(new Error('internal error; reference = 6gk2o9mm0h1tgd0ujv5g3fcb')) },
      skopeo: null,
    }),
    next: /^Try curl -v https:\/\/registry\.example\/v2\//,
  },
  {
    code: 'REGISTRY_PROTOCOL_ERROR',
    what: 'a status that no registry has',
    happens: async (lab) => ({
      image: `${await lab.says({ status: 418, headers: jsonHeaders, body: errorBody('TEAPOT', 'short and stout') })}/acme/shop:1.2`,
    }),
    found: /^HTTP 418 TEAPOT: short and stout$/,
  },
  {
    code: 'REGISTRY_PROTOCOL_ERROR',
    what: 'a manifest without an end',
    async happens(lab) {
      const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
      return { image: `${await lab.says({ status: 200, headers, body: ' '.repeat(5_000_000) })}/acme/shop:1.2` }
    },
    found: /more than 4194304 bytes/,
  },
]

/** Its health check looks at a file every 20 ms. */
async function becomes(lab: Lab, status: number, isDrained: boolean): Promise<void> {
  lab.open.isDrained(isDrained)
  while ((await fetch(`http://${lab.open.host}/v2/`)).status !== status);
}
