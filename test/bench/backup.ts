import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { furnish } from '../world/backups.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { keysText } from '../world/vault-rotation.ts'
import { newKey } from '../world/vault.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'

const DEPLOYMENTS = 10_000
const RUNS = 5
/** Seconds. */
const RESTORED_WITHIN = 10
/** Ten times the database, and so much the memory at most. */
const MEMORY = 2
const MANY = 100_000

/** `gantry backup` and `gantry restore` of 10,000 deployments, from the command to its end; and what memory they take, which does not grow with the database. */
export async function backup(): Promise<Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-backup-'))
  try {
    const key = newKey('k1')
    const environment = { GANTRY_KEYS: keysText(key), GANTRY_BACKUPS: 'off' }
    const size = (data: string): number => rounded(statSync(join(folder, data, 'gantry.db')).size / 1e6)
    await furnish(join(folder, 'some'), key, DEPLOYMENTS)
    const some = await series(folder, 'some', environment, RUNS)
    await furnish(join(folder, 'many'), key, MANY)
    const many = await series(folder, 'many', environment, 1)
    const [ours, peer] = [Math.max(...many.peaks), Math.max(...some.peaks)]
    return [
      {
        ...{ name: `backup: restore of ${DEPLOYMENTS} deployments`, ours: rounded(median(some.restores)), peer: null, ratio: null },
        ...{ goal: RESTORED_WITHIN, holds: Math.max(...some.restores) <= RESTORED_WITHIN, unit: 's', megabytes: size('some') },
        ...{ runs: some.restores.map(rounded), backups: some.backups.map(rounded) },
      },
      {
        ...{ name: 'backup: memory against size', ours: rounded(ours), peer: rounded(peer), ratio: rounded(ours / peer) },
        ...{
          goal: MEMORY,
          holds: ours / peer <= MEMORY,
          unit: `MB at the peak, for a database of ${size('many')} MB against one of ${size('some')} MB`,
        },
        ...{ seconds: [...many.backups, ...many.restores].map(rounded) },
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function series(folder: string, data: string, environment: Readonly<Record<string, string>>, runs: number) {
  const found = { backups: [] as number[], restores: [] as number[], peaks: [] as number[] }
  const run = async (times: number[], ...words: string[]): Promise<void> => {
    const begun = performance.now()
    const typed = new GantryProcess({ folder, words, environment: { ...environment, GANTRY_DATA: data } })
    let peak = 0
    const watch = setInterval(() => {
      try {
        peak = Math.max(peak, typed.memory().peak)
      } catch {
        // It has ended.
      }
    }, 20)
    const code = await typed.ended
    clearInterval(watch)
    if (code !== 0) throw new Error(`${words.join(' ')}: ${typed.output}`)
    times.push((performance.now() - begun) / 1000)
    found.peaks.push(peak)
  }
  for (let nth = 0; nth < runs; nth++) {
    const file = join(folder, `${data}-${nth}`)
    await run(found.backups, 'backup', file)
    await run(found.restores, 'restore', file, '--replace')
    for (const name of readdirSync(join(folder, data))) if (name.includes('before-restore')) rmSync(join(folder, data, name))
  }
  return found
}
