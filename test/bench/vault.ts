import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killedRotation } from '../world/killed-rotation.ts'
import { fillVault, unreadable } from '../world/vault-rotation.ts'
import { newKey } from '../world/vault.ts'
import type { Measure } from './main.ts'

const RECORDS = 10_000

/** New keys for 10,000 secrets, wrapped by a new key, beside 50 reads a second and with two kills: how many reads fail. */
export async function vault(): Promise<Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-vault-'))
  try {
    const path = join(folder, 'gantry.db')
    const [old, next] = [newKey('old'), newKey('new')]
    const filling = performance.now()
    await fillVault(path, RECORDS, old)
    const filled = performance.now()
    const did = await killedRotation(path, RECORDS, [next, old])
    const seconds = (performance.now() - filled) / 1000
    const failed = did.failed + (await unreadable(path, RECORDS, next))
    const holds = failed === 0 && did.isDone && did.kills === 2
    const perSeal = Number(((filled - filling) / RECORDS).toFixed(2))
    const beside = { unit: 'failed reads', ...did, seconds: Math.round(seconds), secrets: RECORDS, millisecondsPerSeal: perSeal }
    return [{ name: 'vault: new keys under load, killed twice', ours: failed, peer: null, ratio: null, goal: 0, holds, ...beside }]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
