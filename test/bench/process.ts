import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { residentMemory } from '../world/gantry-process.ts'

export interface Started {
  readonly pid: number
  readonly port: number
  /** Resident memory in megabytes (10^6 bytes): now, and the most so far. */
  memory(): { readonly now: number; readonly peak: number }
  /** Its last line of output. */
  stop(): Promise<string>
}

/** Starts a server file of this folder, which prints its port on its first line once it listens. */
export const startServer = (file: string, ...args: string[]): Promise<Started> => startServerWith([], file, ...args)

/** The same, with flags of Node's. */
export async function startServerWith(flags: readonly string[], file: string, ...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [...flags, fileURLToPath(new URL(file, import.meta.url)), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const lines: string[] = []
  const first = new Promise<string>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      resolve(line)
    })
  })
  const port = await Promise.race([first, closed.then(([code]) => Promise.reject(new Error(`${file} ended with ${String(code)}`)))])
  return {
    pid: child.pid!,
    port: Number(port),
    memory: () => residentMemory(child.pid!),
    async stop() {
      child.kill('SIGTERM')
      await closed
      return lines.at(-1) ?? ''
    },
  }
}

/** Runs a file of this folder to its end; its last line is JSON. */
export async function runToEnd<T>(file: string, ...args: string[]): Promise<T> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${file} ended with ${String(code)}`)
  return JSON.parse(output.trim().split('\n').at(-1)!) as T
}
