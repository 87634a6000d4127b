import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.mjs', import.meta.url))
const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly scripts: { readonly start: string }
}
/** What `npm start` gives Node. */
export const FLAGS: readonly string[] = scripts.start.split(' ').filter((word) => word.startsWith('--'))

export interface ProcessOptions {
  /** Where it runs: `.env`, `gantry.yml` and `data` are looked for there. */
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
  readonly words?: readonly string[]
  readonly node?: string
  /** For its standard input, which then ends; none where it is left out. */
  readonly input?: string
}

/** The real program in a process of its own, as people start it. Nothing of this process's environment reaches it but PATH. */
export class GantryProcess {
  readonly child: ChildProcess
  readonly ended: Promise<number>
  output = ''
  #listeners: (() => void)[] = []

  constructor({ folder, environment = {}, words = ['start'], node = process.execPath, input }: ProcessOptions) {
    const env = { PATH: process.env['PATH'] ?? '', HOST: '127.0.0.1', PORT: '0', ...environment }
    this.child = spawn(node, [...FLAGS, MAIN, ...words], { cwd: folder, env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
    this.child.stdin?.end(input)
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
        for (const listener of this.#listeners) listener()
      })
    }
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)))
    })
  }

  /** Resolves with the match once the output has it. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const said = new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const match = pattern.exec(this.output)
        if (match) resolve(match)
      }
      this.#listeners.push(look)
      look()
    })
    const gone = this.ended.then((code) => {
      throw new Error(`ended with ${code} before it said ${pattern}:\n${this.output}`)
    })
    return Promise.race([said, gone])
  }

  /** Where the front listens, once it does. */
  async listens(): Promise<URL> {
    const [, url = ''] = await this.says(/"url":"(http:[^"]+)","msg":"listening"/)
    return new URL(url)
  }

  async stops(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.child.kill(signal)
    return this.ended
  }

  /** Resident memory in megabytes (10^6 bytes): now, and the most so far. */
  memory(): { readonly now: number; readonly peak: number } {
    return residentMemory(this.child.pid!)
  }
}

export function residentMemory(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string) => (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]) * 1024) / 1e6
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}
