import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openSqlite, readSqlite } from '../../src/runtime/sqlite.ts'

// A process that writes into a database as the bot does while backups are made of it: PATH WRITES-PER-SECOND. Each write is one
// transaction over two tables, so that half of one would be seen. It prints how many it has done.

const PROGRAM = fileURLToPath(import.meta.url)
const TICK = 10

/** Begins once it has the database. `stop` answers how many transactions it has written. */
export async function startWriter(path: string, perSecond: number): Promise<{ stop(): Promise<number> }> {
  const child = spawn(process.execPath, [PROGRAM, path, String(perSecond)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)
  let written = 0
  const begun = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      written = Number(line)
      resolve()
    })
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await begun
  return {
    stop: async () => {
      child.stdin.end()
      await ended
      return written
    },
  }
}

/** How many transactions are in a database; null where one is there by half, or not all before the last are. */
export function wholeWrites(path: string): number | null {
  const sql = readSqlite(path)
  const numbers = (table: string): string =>
    JSON.stringify(sql.all(`select count(*) as n, max(cast(substr(key, 3) as integer)) as last from ${table} where key like 'w:%'`)[0])
  const [deliveries, answers] = [numbers('delivery'), numbers('answer')]
  sql.close()
  const { n, last } = JSON.parse(deliveries) as { n: number; last: number | null }
  return deliveries === answers && n === (last ?? 0) ? n : null
}

if (import.meta.main) {
  const [path = '', perSecond = '0'] = process.argv.slice(2)
  const sql = openSqlite(path)
  let written = 0
  const each = Math.max(1, Math.round((Number(perSecond) * TICK) / 1000))
  const timer = setInterval(() => {
    for (let nth = 0; nth < each; nth++) {
      const key = `w:${(written += 1)}`
      sql.transaction(() => {
        sql.all(`insert into delivery (key, guid, event, payload, received_at, handled_at) values (?, 'g', 'e', ?, 1, 1)`, key, 'x'.repeat(500))
        sql.all('insert into answer (key, answer) values (?, ?)', key, '{}')
      })
    }
    process.stdout.write(`${written}\n`)
  }, TICK)
  process.stdin.resume().once('end', () => {
    clearInterval(timer)
    sql.close()
  })
}
