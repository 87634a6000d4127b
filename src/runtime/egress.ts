import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, fetch } from 'undici'
import { isReserved } from '../registry/address.ts'
import { RESERVED_ADDRESS } from '../registry/network.ts'
import { createIsOwn, type IsOwn } from './own-networks.ts'

type Fetch = typeof globalThis.fetch

const CONNECT_WITHIN = 5_000 // ms
const isOfThisNetwork = createIsOwn()

/** The global-shaped `fetch` for registries that the operator named, wherever they are: one on this machine too. */
export const registryFetch = (): Fetch => through(new Agent({ connect: { timeout: CONNECT_WITHIN } }))

/**
 * The same for hosts that a registry named. The address is checked that is connected to: a name can resolve to a metadata
 * service, to this very machine, and to another address the next time. It shares no connection with the other one.
 */
export function publicFetch(lookup: LookupFunction = systemLookup, isOwn: IsOwn = isOfThisNetwork): Fetch {
  return toPublic(through(new Agent({ connect: { timeout: CONNECT_WITHIN, lookup: checked(lookup, isOwn) } })), isOwn)
}

/** Where the host is an address already, nothing is looked up. */
export const toPublic =
  (open: Fetch, isOwn: IsOwn = isOfThisNetwork): Fetch =>
  async (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input)
    const address = hostname.replace(/^\[|\]$/g, '')
    if (isReserved(hostname) || (isIP(address) !== 0 && isOwn(address))) throw reserved()
    return open(input, init)
  }

function through(dispatcher: Agent): Fetch {
  const reach: typeof fetch = (input, init) => fetch(input, { redirect: 'manual', ...init, dispatcher })
  return reach as unknown as Fetch // the same interface, declared twice: by undici and by the DOM library
}

/** Looks a name up, and fails where one of its addresses is a private one, or of this machine's network. */
export function checked(lookup: LookupFunction = systemLookup, isOwn: IsOwn = isOfThisNetwork): LookupFunction {
  const isInside = ({ address }: LookupAddress): boolean => isReserved(address.includes(':') ? `[${address}]` : address) || isOwn(address)
  return (hostname, options, callback) =>
    lookup(hostname, { ...options, all: true }, (error, answer) => {
      // Then there is no answer, and what is thrown in here nobody catches: it would end the process.
      if (error !== null) return callback(error, '')
      const [first, ...others] = answer as LookupAddress[]
      if (first === undefined) return callback(Object.assign(new Error('a name without an address'), { code: 'ENOTFOUND' }), '')
      try {
        if ([first, ...others].some(isInside)) return callback(reserved(), '')
      } catch (unknown) {
        return callback(unknown as Error, '')
      }
      if (options.all === true) return callback(null, [first, ...others])
      callback(null, first.address, first.family)
    })
}

export const reserved = (): Error => Object.assign(new Error('a private address'), { code: RESERVED_ADDRESS })
