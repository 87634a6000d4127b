import { describe, expect, test } from 'vitest'
import { commands } from '../../src/bot/commands/index.ts'
import { gates } from '../../src/deploy/gates/index.ts'
import { keychains } from '../../src/registry/keychains/index.ts'
import { targetKinds } from '../../src/targets/index.ts'
import { pages } from '../../src/web/pages/index.ts'
import { importsOf, memberOf, sources, streets } from './house.ts'

/** To add a registry, a target, a command, a gate or a page: one file, and one line in that folder's list. */

const lists: Readonly<Record<string, readonly unknown[]>> = {
  'src/targets/': targetKinds,
  'src/registry/keychains/': keychains,
  'src/bot/commands/': commands,
  'src/deploy/gates/': gates,
  'src/web/pages/': pages,
}

const membersIn = (street: string): string[] =>
  [...new Set(sources.map((file) => memberOf(street, file)).filter((member) => member !== null))].toSorted()

describe.each(streets)('%s', (street) => {
  const index = importsOf(`${street}index.ts`)

  test('every file is in the list, and the list has nothing else', () => {
    expect([...new Set(index.map((to) => memberOf(street, to)).filter((member) => member !== null))].toSorted()).toEqual(membersIn(street))
    expect(lists[street]).toHaveLength(membersIn(street).length)
  })

  test('each member is one file of its name, beside which its own folder may stand', () => {
    for (const member of membersIn(street)) expect(sources).toContain(`${street}${member}.ts`)
  })

  test('nobody else reaches past the list', () => {
    const outsiders = sources.filter((file) => !file.startsWith(street))
    for (const file of outsiders)
      expect(
        importsOf(file).filter((to) => memberOf(street, to) !== null),
        file,
      ).toEqual([])
  })
})

test('names are taken once', () => {
  const names = [targetKinds.map(({ kind }) => kind), commands.map(({ name }) => name), gates.map(({ name }) => name)]
  for (const list of names) expect(new Set(list).size).toBe(list.length)
})
