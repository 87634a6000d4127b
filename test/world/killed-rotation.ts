import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { keysText, type Progress } from './vault-rotation.ts'
import type { KeyPair } from './vault.ts'

const PROGRAM = fileURLToPath(new URL('vault-rotation.ts', import.meta.url))

/**
 * Rotates in a process of its own, under load: killed (SIGKILL) after a third and after two thirds, finished by a third process that is not
 * told to begin, only to go on. What all three did together.
 */
export async function killedRotation(path: string, records: number, keys: readonly KeyPair[]): Promise<Progress & { readonly kills: number }> {
  const runs = [
    await rotation(path, records, keys, 'records', records / 3),
    await rotation(path, records, keys, '', records / 3),
    await rotation(path, records, keys, '', null),
  ]
  const sum = (of: (progress: Progress) => number): number => runs.reduce((total, { last }) => total + of(last), 0)
  return {
    reads: sum(({ reads }) => reads),
    failed: sum(({ failed }) => failed),
    records: sum(({ records: sealed }) => sealed),
    slowest: Math.max(...runs.map(({ last }) => last.slowest)),
    isDone: runs[2]!.last.isDone,
    kills: runs.filter(({ signal }) => signal === 'SIGKILL').length,
  }
}

async function rotation(path: string, records: number, keys: readonly KeyPair[], mode: string, killAt: number | null) {
  const child = spawn(process.execPath, [PROGRAM, path, String(records), keysText(...keys), mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  let last: Progress = { reads: 0, failed: 0, records: 0, slowest: 0, isDone: false }
  for await (const line of createInterface(child.stdout)) {
    last = JSON.parse(line) as Progress
    if (killAt !== null && last.records >= killAt) child.kill('SIGKILL')
  }
  return { last, signal: await ended }
}
