import fc from 'fast-check'
import { isIPv6 } from 'node:net'
import { describe, expect, test } from 'vitest'
import { clientAddress } from '../../src/runtime/client-address.ts'

const from = (remoteAddress: string | undefined, forwarded?: string, proxies = 0): string | null =>
  clientAddress({ socket: { remoteAddress }, headers: { ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) } } as never, proxies)

const PEER = '192.0.2.9'

describe('an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['::1', null],
    ['127.0.0.1', null],
    ['127.8.8.8', null],
    ['::ffff:127.0.0.1', null],
    [undefined, null],
  ])('%s is counted as %s', (address, counted) => expect(from(address)).toBe(counted))

  test('of one /64 is one, whatever its second half', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
    fc.assert(
      fc.property(fc.array(group, { minLength: 4, maxLength: 4 }), (half) => {
        const address = `2001:db8:0:7:${half.join(':')}`
        expect(isIPv6(address)).toBe(true)
        expect(from(address)).toBe('2001:db8:0:7::/64')
      }),
    )
  })
})

describe('X-Forwarded-For', () => {
  test('is not believed where no proxy is trusted', () => {
    expect(from(PEER, '203.0.113.7')).toBe(PEER)
    expect(from('127.0.0.1', '203.0.113.7')).toBeNull()
  })

  test('is believed for as many hops as there are proxies', () => {
    expect(from('127.0.0.1', '203.0.113.7', 1)).toBe('203.0.113.7')
    expect(from('127.0.0.1', '6.6.6.6, 203.0.113.7', 1)).toBe('203.0.113.7')
    expect(from('127.0.0.1', '6.6.6.6, 203.0.113.7, 10.0.0.1', 2)).toBe('203.0.113.7')
    expect(from('127.0.0.1', '6.6.6.6, 2001:db8::7', 1)).toBe('2001:db8:0:0::/64')
  })

  test('that is missing or no address leaves the nearest hop that is known', () => {
    expect(from(PEER, undefined, 1)).toBe(PEER)
    for (const forged of ['', 'unknown', '_hidden', 'x'.repeat(10_000), ',,,', '6.6.6.6, unknown', '1.2.3.4.5', '<script>'])
      expect(from(PEER, forged, 1), forged).toBe(PEER)
    expect(from(PEER, 'unknown, 10.0.0.1', 2)).toBe('10.0.0.1')
  })

  test('may have ports', () => {
    expect(from(PEER, '203.0.113.7:4711', 1)).toBe('203.0.113.7')
    expect(from(PEER, '[2001:db8::7]:4711', 1)).toBe('2001:db8:0:0::/64')
    expect(from(PEER, '[2001:db8::7]', 1)).toBe('2001:db8:0:0::/64')
  })
})
