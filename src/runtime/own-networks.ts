import { BlockList } from 'node:net'
import { networkInterfaces } from 'node:os'

export type IsOwn = (address: string) => boolean

/** Milliseconds: addresses come and go with interfaces, and reading them takes some 100 µs. */
const READ_EVERY = 10_000
/** Bits. Whatever a lease says, neighbours share them (RFC 4291, section 2.5.4). */
const WIDEST_NEIGHBOURHOOD = 64

/**
 * Whether an address (without brackets) is this machine's or of a network that it is in. From here those lie behind every firewall that
 * stands before the machine, however public they are. Throws where the system does not tell its addresses.
 */
export function createIsOwn(interfaces: typeof networkInterfaces = networkInterfaces, now = (): number => performance.now()): IsOwn {
  let [readAt, own] = [-Infinity, new BlockList()]
  return (address) => {
    if (now() - readAt >= READ_EVERY) [own, readAt] = [ownIn(interfaces()), now()]
    const [plain = ''] = address.split('%') // `fe80::1%eth0`: its zone
    return own.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4')
  }
}

function ownIn(interfaces: ReturnType<typeof networkInterfaces>): BlockList {
  const own = new BlockList()
  for (const { address, family, cidr } of Object.values(interfaces).flatMap((all) => all ?? [])) {
    const bits = cidr === null ? Infinity : Number(cidr.split('/')[1])
    if (family === 'IPv6') own.addSubnet(address, Math.min(bits, WIDEST_NEIGHBOURHOOD), 'ipv6')
    else own.addSubnet(address, Math.min(bits, 32), 'ipv4')
  }
  return own
}
