import { canonicalHost } from './reference.ts'

/**
 * Scheme, host and port that a registry's API answers at. Plain HTTP only on loopback, as Docker allows, and for hosts that an
 * administrator listed (`plainHttp`, each `host` or `host:port`).
 */
export function registryOrigin(registry: string, plainHttp: readonly string[]): string {
  const host = canonicalHost(registry)
  if (host === 'docker.io') return 'https://registry-1.docker.io'
  const isPlain = isLoopback(new URL(`https://${host}`).hostname) || plainHttp.some((listed) => canonicalHost(listed) === host)
  return new URL(`${isPlain ? 'http' : 'https'}://${host}`).origin
}

/** Whether a host name, as `URL.hostname` gives it, is this machine. */
export const isLoopback = (hostname: string): boolean => /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === 'localhost' || hostname === '[::1]'

/**
 * Whether a registry's answer must not make us connect there: loopback, link-local, private and unspecified addresses, and names of
 * such networks. A name may still resolve to one of them: `Doors.publicFetch` checks that, where the runtime lets it.
 */
export function isReserved(hostname: string): boolean {
  const host = hostname.replace(/\.$/, '')
  if (host.startsWith('[')) return RESERVED_V6.test(host)
  if (host === AZURE_METADATA) return true
  const [, first, second] = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(host) ?? []
  if (first !== undefined) return isReservedV4(Number(first), Number(second))
  return !host.includes('.') || /\.(localhost|internal|local|home\.arpa)$/.test(host)
}

const AZURE_METADATA = '168.63.129.16' // a public address, and inside Azure the platform's own

// ::, ::1, IPv4-mapped and -compatible, NAT64, 6to4, Teredo, unique local, link- and site-local, multicast; the spelling is the shortest.
const RESERVED_V6 = /^\[(::|64:ff9b:|2002:|2001:0?:|f[cd]|fe[89a-f]|ff)/

function isReservedV4(first: number, second: number): boolean {
  if (first === 0 || first === 10 || first === 127 || first >= 224) return true
  if (first === 100) return second >= 64 && second <= 127 // carrier-grade NAT, and 100.100.100.200 is a metadata service
  if (first === 169) return second === 254
  if (first === 172) return second >= 16 && second <= 31
  if (first === 192) return second === 168 || second === 0
  return first === 198 && (second === 18 || second === 19)
}
