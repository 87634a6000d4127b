import { beforeEach, describe, expect, test } from 'vitest'
import { createHoldings } from '../../../src/accounts/holdings.ts'
import { createReadings } from '../../../src/accounts/readings.ts'
import { readKept } from '../../../src/config/declarations.ts'
import type { Declaration, Kept } from '../../../src/deploy/declaration.ts'
import { exchanges, families } from '../../../src/registry/forms.ts'

// What an account keeps is read once, however often it is looked at.

let disk: Kept[]
let reads: string[]
let holdings: ReturnType<typeof createHoldings>
beforeEach(() => {
  ;[disk, reads] = [[], []]
  const readings = createReadings((one, reading) => (reads.push(`${one.name}@${one.account}`), readKept(one, reading)))
  const declarations = { of: async (account: number) => disk.filter((one) => one.account === account), fingerprint: ({ json }: Declaration) => json }
  holdings = createHoldings({ declarations: declarations as never, accounts: new Map(), keychains: { exchanges, families } }, readings)
})

const target = (name: string, more: object = {}, account = 7): Kept => {
  const json = JSON.stringify({ kind: 'docker', pulls: 'none', host: 'tcp://engine.example.com:2376', plain_http: true, ...more })
  return { account, kind: 'target', name, json, isConfined: true }
}
const credential = (name: string): Kept => {
  const json = JSON.stringify({ registry: 'ghcr.io', username: 'x', password: { sealed: 'a-password-of-acme' } })
  return { account: 7, kind: 'credential', name, json, isConfined: true }
}
const unusedOf = async (name: string) => (await holdings.find({ account: 7, kind: 'target', name }))?.unused

describe('an account', () => {
  test('is looked at a hundred times, and read once', async () => {
    disk = [credential('ghcr'), target('a'), target('b', { pulls: 'credential', credential: 'ghcr' })]
    for (let look = 0; look < 100; look += 1) expect((await holdings.of(7)).list('target').map(({ unused }) => unused)).toEqual([null, null])
    expect(reads).toEqual(['ghcr@7', 'a@7', 'b@7'])
  })

  test('that changes one thing has that one read anew: also one that was removed and put back', async () => {
    disk = [target('a'), target('b')]
    await holdings.of(7)
    disk = [target('a', { host: 'tcp://127.0.0.1:2376' }), target('b')]
    expect([await unusedOf('a'), await unusedOf('b')]).toEqual([expect.stringContaining('127.0.0.1'), null])
    disk = [target('b'), credential('x')]
    await holdings.of(7)
    disk = [target('a'), target('b'), credential('x')]
    expect(await unusedOf('a')).toBeNull()
    expect(reads).toEqual(['a@7', 'b@7', 'a@7', 'x@7', 'a@7'])
  })

  test('whose target has lost its credential is told so at the next look, and that it is there again', async () => {
    const rests = target('a', { pulls: 'credential', credential: 'ghcr' })
    const found: unknown[] = []
    for (const there of [[credential('ghcr')], [], [credential('ghcr2')], [credential('ghcr')]]) {
      disk = [...there, rests]
      found.push(await unusedOf('a'))
    }
    expect(found).toEqual([null, 'There is no credential "ghcr".', expect.stringContaining('Did you mean "ghcr2"?'), null])
  })

  test('with the same names as another one is another one', async () => {
    disk = [target('a'), target('a', { host: 'tcp://127.0.0.1:2376' }, 8)]
    expect((await holdings.of(7)).list('target')).toMatchObject([{ unused: null }])
    expect((await holdings.of(8)).list('target')).toMatchObject([{ unused: expect.stringContaining('127.0.0.1') }])
    expect(reads).toEqual(['a@7', 'a@8'])
  })
})

test('so much is remembered of all accounts, and the one that was not looked at for longest goes first', async () => {
  const environments = Array.from({ length: 40 }, (_, nth) => `${nth}`.padEnd(60, 'x'))
  const allow = Array.from({ length: 90 }, (_, nth) => ({ repository: 'acme/shop', id: nth + 1, environments }))
  const accounts = Array.from({ length: 36 }, (_, nth) => nth + 1)
  disk = accounts.map((account) => target('a', { allow }, account))
  const [one] = disk
  const room = Math.floor(8_000_000 / (one !== undefined && 'json' in one ? one.json.length : 0))
  for (const account of accounts) await holdings.of(account)
  reads = []
  for (const account of accounts.slice(-room).toReversed()) await holdings.of(account)
  expect(reads).toEqual([])
  await holdings.of(accounts.length - room)
  expect(reads).toHaveLength(1)
})
