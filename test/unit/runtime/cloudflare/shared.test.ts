import { expect, test } from 'vitest'
import type { Bindings, Home } from '../../../../src/runtime/cloudflare/bindings.ts'
import { createNotes } from '../../../../src/runtime/cloudflare/own-rows.ts'
import type { Shared } from '../../../../src/assemble.ts'
import { sharing, tellAll } from '../../../../src/runtime/cloudflare/shared.ts'
import { memoryDatabase } from '../../../world/memory-sql.ts'

const ACCOUNT = 42
const ALL = Array.from({ length: 120 }, (_, index) => index + 1)
const GONE = { kind: 'gone', installation: 5 } as const

/** Repositories' objects that hear what they are told; `fails` says whether one does not answer. */
function repositories(fails: (id: number) => boolean = () => false) {
  const heard: number[] = []
  const happened = async ({ repository }: Home): Promise<void> => {
    if (fails(repository)) throw new Error('too many calls by one invocation')
    heard.push(repository)
  }
  const REPOSITORIES = { idFromName: (name: string) => name, get: () => ({ happened }) }
  const sql = memoryDatabase()
  const tell = (event: Parameters<typeof tellAll>[3]) => tellAll({ REPOSITORIES } as unknown as Bindings, ACCOUNT, ALL, event, createNotes(sql))
  return { heard, tell, rest: () => sql.all('select name from object_note') }
}

test('each repository hears that the App was taken off, and nothing is left of the telling', async () => {
  const { heard, tell, rest } = repositories()
  await tell(GONE)
  expect([heard, rest()]).toEqual([ALL, []])
})

test('only those that it was taken off, where it is said which', async () => {
  const { heard, tell } = repositories()
  await tell({ ...GONE, repositories: [7, 119, 4_000] })
  expect(heard).toEqual([7, 119])
})

test('where it is broken off the next try goes on behind what was told, and not at the beginning', async () => {
  let limit = 60
  const { heard, tell, rest } = repositories((id) => id > limit)
  await expect(tell(GONE)).rejects.toMatchObject({ problem: { code: 'OBJECT_UNAVAILABLE', retryable: true } })
  expect(heard.filter((id) => id <= 50)).toHaveLength(50)
  heard.length = 0
  limit = 120
  await tell(GONE)
  expect(heard).toEqual(ALL.slice(50))
  expect(rest()).toEqual([])
})

test('what waits for an approval in however many repositories is found, oldest first', async () => {
  const REPOSITORIES = { idFromName: Number, get: (id: number) => ({ awaiting: async () => [{ id: String(id), createdAt: 1_000 - id }] }) }
  const ACCOUNTS = { idFromName: (name: string) => name, get: () => ({ waiting: async (ids: readonly number[]) => ids }) }
  const env = { REPOSITORIES, ACCOUNTS } as unknown as Bindings
  const { overview } = sharing(env, {} as Shared, { account: ACCOUNT, repository: null })
  const placed = ALL.map((id) => ({ id, account: ACCOUNT }))
  expect((await overview.awaiting(placed, 500)).map(({ id }) => Number(id))).toEqual(ALL.toReversed())
  expect(await overview.awaiting(placed, 3)).toHaveLength(3)
})
