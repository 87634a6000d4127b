import type { LookupFunction } from 'node:net'
import { Agent, buildConnector, fetch } from 'undici'
import type { Endpoint } from '../deploy/target.ts'
import { checked, reserved, toPublic } from './egress.ts'
import type { IsOwn } from './own-networks.ts'

/** Milliseconds. An engine answers the headers of `stop` only when the container is gone, and sends progress during a pull. */
const TIMEOUTS = { headersTimeout: 90_000, bodyTimeout: 300_000 }
const CONNECT_WITHIN = 5_000

/**
 * The global-shaped `fetch` for one endpoint: a unix socket, or TLS with a CA and a client certificate of its own. It is
 * undici's own `fetch`, because Node's built-in one refuses a dispatcher of another undici version.
 */
export function endpointFetch(endpoint: Endpoint, lookup?: LookupFunction, isOwn?: IsOwn): typeof globalThis.fetch {
  if (endpoint.isPublic === true && endpoint.socketPath !== undefined) return () => Promise.reject(reserved())
  const dispatcher = new Agent({ ...TIMEOUTS, connect: connectorFor(endpoint, checked(lookup, isOwn)) })
  // Redirects are never followed: an API that a target speaks has none, and a body must not go elsewhere.
  const reach: typeof fetch = (input, init) => fetch(input, { redirect: 'error', ...init, dispatcher })
  const open = reach as unknown as typeof globalThis.fetch // the same interface, declared twice: by undici and by the DOM library
  return endpoint.isPublic === true ? toPublic(open, isOwn) : open
}

/**
 * A connection ends with the first thing that went wrong. In TLS 1.3 a server refuses a client's certificate only after the client
 * has begun to send, by an alert that undici forgets for the end that follows it: "other side closed" tells nobody what to do.
 */
function connectorFor({ socketPath, isPublic = false, tls }: Endpoint, lookup: LookupFunction): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_WITHIN,
    ...(isPublic && { lookup }),
    ...(socketPath !== undefined && { socketPath }),
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...(tls?.cert !== undefined && { cert: tls.cert }),
    ...(tls?.key !== undefined && { key: tls.key.reveal() }),
  })
  return (options, callback) =>
    connect(options, (...connected) => {
      const [, socket] = connected
      socket?.once('error', (error) => socket.destroy(error))
      callback(...connected)
    })
}
