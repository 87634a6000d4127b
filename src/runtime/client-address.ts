import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'

/**
 * Under which address a request is counted: the socket's, or behind so many proxies of the operator's the one that the outermost of them saw.
 * Of IPv6 it is the first 64 bits, which one household has. Null for this machine's own: whoever comes from there comes through a
 * proxy that nobody told us of, and all of its callers would be taken for one.
 */
export function clientAddress({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>, proxies: number): string | null {
  const direct = socket.remoteAddress
  if (direct === undefined) return null
  if (proxies === 0) return networkOf(direct)
  // Node joins several of them to one.
  const told = String(headers['x-forwarded-for'] ?? '').split(',')
  const hops = [...told.slice(-proxies).map((hop) => hop.trim()), direct]
  // What is no address was not written by a proxy: the next one counts that was.
  return networkOf(withoutPort(hops.slice(hops.findLastIndex((hop) => !isAddress(hop)) + 1)[0] ?? direct))
}

const isAddress = (hop: string): boolean => isIPv4(withoutPort(hop)) || isIPv6(withoutPort(hop))

/** `192.0.2.1:4711`, `[2001:db8::1]:4711`, as some proxies have it. */
const withoutPort = (hop: string): string => /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(hop)?.[1] ?? hop

/** As a caller is counted by it. Text of its own: a piece of a header would keep all of it in memory. */
export function networkOf(address: string): string | null {
  const plain = address.replace(/%.*$/, '')
  if (!plain.includes(':')) return ofFour(plain)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  if (mapped !== undefined) return ofFour(mapped)
  const [before = '', after] = plain.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)))
  const [head, tail] = [groups(before), groups(after ?? '')]
  // An IPv4 address at the end stands for two groups.
  const given = head.length + tail.length + (plain.includes('.') ? 1 : 0)
  const all = [...head, ...Array.from({ length: Math.max(0, 8 - given) }, () => 0), ...tail]
  if (all.slice(0, 7).every((group) => group === 0) && all[7] === 1) return null
  return `${all
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

function ofFour(address: string): string | null {
  const parts = address.split('.').map(Number)
  return parts[0] === 127 ? null : parts.join('.')
}
