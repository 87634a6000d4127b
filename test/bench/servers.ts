import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FLAGS, GantryProcess } from '../world/gantry-process.ts'
import { startServer, startServerWith } from './process.ts'
import type { Started } from './process.ts'

/** A folder with an App's key in it, and a webhook secret, for one benchmark. */
export async function withFolder<T>(work: (folder: string, secret: string) => Promise<T>): Promise<T> {
  const cache = fileURLToPath(new URL('../../.cache', import.meta.url))
  mkdirSync(cache, { recursive: true })
  // Below the checkout and not in the system's temporary folder, which may be memory where a sync costs nothing.
  const folder = mkdtempSync(join(cache, 'bench-'))
  try {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    writeFileSync(join(folder, 'key.pem'), key.export({ type: 'pkcs1', format: 'pem' }))
    return await work(folder, randomBytes(32).toString('hex'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Gantry's intake without the work behind it. */
export const startIntake = (folder: string, secret: string): Promise<Started> => startServerWith(FLAGS, 'server-intake.ts', secret, folder)

/** Bare Probot with a handler that does nothing. */
export const startProbot = (folder: string, secret: string): Promise<Started> => startServer('server-probot.ts', secret, join(folder, 'key.pem'))

/** The whole program, as people start it. The address of GitHub's API leads nowhere: at rest it is not asked. */
export async function startGantry(folder: string, secret: string): Promise<Started> {
  const environment = { APP_ID: '4711', PRIVATE_KEY_PATH: 'key.pem', WEBHOOK_SECRET: secret, GITHUB_API_URL: 'http://127.0.0.1:9', LOG_LEVEL: 'info' }
  const gantry = new GantryProcess({ folder, environment })
  const { port } = await gantry.listens()
  const stop = async () => {
    await gantry.stops()
    return ''
  }
  return { pid: gantry.child.pid!, port: Number(port), memory: () => gantry.memory(), stop }
}
