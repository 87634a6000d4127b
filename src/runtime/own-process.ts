import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../main.mjs', import.meta.url))
const LONGEST = 4_000
/** Below everything else on the machine (nice 10): people wait for deployments. */
const LOW = 10

export interface Ended {
  readonly code: number
  /** The end of what it wrote. */
  readonly said: string
}

/** `gantry WORDS…` beside this process: what takes long or much memory stands in nobody's way there, and dies with this one. */
export function runGantry(words: readonly string[], environment: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve) => {
    // With a channel it notices when this process is killed (main.mjs).
    const child = spawn(process.execPath, [MAIN, ...words], { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], signal })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-LONGEST)))
    child.on('error', (error) => resolve({ code: -1, said: error.message }))
    child.on('close', (code) => resolve({ code: code ?? -1, said: said.trim() }))
    try {
      if (child.pid !== undefined) setPriority(child.pid, LOW)
    } catch {
      // It has ended already, or the system has no priorities.
    }
  })
}
