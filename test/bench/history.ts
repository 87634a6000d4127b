import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../../src/runtime/sqlite.ts'
import type { Sql } from '../../src/store/sql.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { withFolder } from './servers.ts'
import { Stand } from './stand.ts'

const HISTORIES = [100, 10_000] as const
const BATCH = 10
const RUNS = 7
const GOAL = 1.2

/** CPU time of the program per deployment, with few and with many deployments on record: all of the same environment and thread. */
export async function history(): Promise<Measure[]> {
  return withFolder(async (folder) => {
    const stands = [await standWith(HISTORIES[0], folder), await standWith(HISTORIES[1], folder)] as const
    try {
      const [few, many] = await interleaved(stands)
      const ratio = median(many) / median(few)
      return [
        {
          name: 'cpu per deployment against history',
          ours: rounded(median(many)),
          peer: rounded(median(few)),
          ratio: rounded(ratio),
          goal: GOAL,
          holds: ratio <= GOAL,
          unit: `ms per deployment, with ${HISTORIES[1]} against ${HISTORIES[0]} on record`,
          runs: [few.map(rounded), many.map(rounded)],
        },
      ]
    } finally {
      for (const stand of stands) await stand.closes()
    }
  })
}

async function interleaved(stands: readonly [Stand, Stand]): Promise<readonly [number[], number[]]> {
  const times: [number[], number[]] = [[], []]
  for (const stand of stands) for (let warm = 0; warm < 3; warm++) await batch(stand)
  for (let run = 0; run < RUNS; run++) for (const [index, stand] of stands.entries()) times[index as 0 | 1].push(await batch(stand))
  return times
}

/** Milliseconds of CPU per deployment, one after the other. */
async function batch(stand: Stand): Promise<number> {
  const before = stand.cpu()
  for (let number = 0; number < BATCH; number++) {
    const ended = stand.github.repository.checks.length + 1
    if (number % 5 === 0) stand.github.reinstalls()
    stand.asks(0)
    await stand.sends()
    await stand.succeeded(ended)
  }
  return (stand.cpu() - before) / BATCH
}

/** One real deployment, and its rows so often again. */
export async function standWith(count: number, folder: string): Promise<Stand> {
  const home = join(folder, String(count))
  mkdirSync(home)
  const stand = await Stand.opens(home)
  stand.asks(0)
  await stand.sends()
  await stand.succeeded(1)
  await stand.stops()
  const sql = openSqlite(stand.database)
  sql.transaction(() => multiply(sql, count))
  sql.close()
  await stand.starts()
  return stand
}

function multiply(sql: Sql, count: number): void {
  const first = sql.all<{ id: string; sequence: number }>('select id, sequence from deployment')[0]!
  const numbers = `with recursive numbers (n) as (select 2 union all select n + 1 from numbers where n < ${count})`
  const copy = (table: string, changed: Readonly<Record<string, string>>, from = `${table} old, numbers`): void => {
    const columns = sql.all<{ name: string }>(`select name from pragma_table_info('${table}')`).map(({ name }) => name)
    const kept = columns.filter((name) => name !== 'sequence')
    const values = kept.map((name) => changed[name] ?? `old.${name}`)
    sql.all(`${numbers} insert into ${table} (${kept.join()}) select ${values.join()} from ${from}`)
  }
  copy('deployment', { id: `old.id || n`, key: `old.key || '-' || n`, fence: 'n' })
  sql.all('update environment set fence = ?', count)
  const others = `(select sequence from deployment where sequence > ${first.sequence}) as new`
  for (const table of ['step', 'log_line'] as const) copyRows(sql, table, others)
  copy('delivery', { key: `old.key || '-' || n` })
  copy('announcement', { key: `old.key || n` })
  // The comments of before are hidden, as they are where one deployment follows the other.
  copy('said', { key: `old.key || n`, is_gone: `old.surface = 'comment' and n < ${count}` })
}

function copyRows(sql: Sql, table: 'step' | 'log_line', others: string): void {
  const columns = sql.all<{ name: string }>(`select name from pragma_table_info('${table}')`).map(({ name }) => name)
  const values = columns.map((name) => (name === 'deployment' ? 'new.sequence' : `old.${name}`))
  sql.all(`insert into ${table} (${columns.join()}) select ${values.join()} from ${table} old, ${others}`)
}
