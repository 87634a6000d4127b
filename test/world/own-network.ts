import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, rmSync } from 'node:fs'
import { type Server, type Socket, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** Programs in a network and mount namespace of their own, which ends with this process. */
export class OwnNetwork {
  readonly folder: string
  #holder: ChildProcess | undefined
  #started: ChildProcess[] = []
  #doors: Server[] = []

  constructor(folder: string) {
    this.folder = folder
  }

  /** The namespaces live as long as `cat` waits for its input, and so no longer than this process. */
  async enter(): Promise<void> {
    this.#holder = spawn('/usr/bin/unshare', ['-n', '-m', 'sh', '-c', 'ip link set lo up && echo up && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: ENV,
    })
    const [said] = (await Promise.race([once(this.#holder.stdout ?? this.#holder, 'data'), once(this.#holder, 'exit')])) as [unknown]
    if (!String(said).startsWith('up')) throw new Error('no network namespace could be made here')
  }

  /** Answers with the log's path. The program is ended by the kernel should this process die. */
  start(name: string, program: string, ...args: readonly string[]): string {
    const log = join(this.folder, `${name}.log`)
    const output = openSync(log, 'a')
    const command = ['--pdeathsig', 'TERM', '/usr/bin/nsenter', ...this.#inside(), program, ...args]
    this.#started.push(spawn('/usr/bin/setpriv', command, { stdio: ['ignore', output, output], env: ENV }))
    return log
  }

  run(program: string, ...args: readonly string[]): string {
    return execFileSync('/usr/bin/nsenter', [...this.#inside(), program, ...args], { encoding: 'utf8', env: ENV, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /**
   * A free port of this machine's loopback that leads to the same port of the loopback inside, so that one address is right in both.
   * Each connection is a `nc` inside: nothing is set up in this machine's network, and nothing is left there.
   */
  async opens(): Promise<number> {
    const door = createServer((socket) => this.#leadIn(socket, (door.address() as AddressInfo).port))
    this.#doors.push(door)
    door.listen(0, '127.0.0.1')
    await once(door, 'listening')
    return (door.address() as AddressInfo).port
  }

  /** Asks again every 20 ms, for at most 30 s. */
  async until(name: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
    const began = Date.now()
    while (
      !(await Promise.resolve()
        .then(isThere)
        .catch(() => false))
    ) {
      if (Date.now() - began > 30_000)
        throw new Error(`${name} did not start: ${readFileSync(join(this.folder, `${name}.log`), 'utf8').slice(-3000)}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async stop(): Promise<void> {
    for (const door of this.#doors) door.close()
    for (const child of [...this.#started.toReversed(), this.#holder]) {
      if (child?.exitCode !== null || child.signalCode !== null) continue
      child.kill()
      await once(child, 'exit')
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #leadIn(socket: Socket, port: number): void {
    const command = [...this.#inside(), '/usr/bin/busybox', 'nc', '127.0.0.1', String(port)]
    const inside = spawn('/usr/bin/nsenter', command, { stdio: ['pipe', 'pipe', 'ignore'], env: ENV })
    socket.pipe(inside.stdin)
    inside.stdout.pipe(socket)
    // Whoever hangs up, the other side hears it.
    for (const side of [socket, inside.stdin]) side.on('error', () => socket.destroy())
    socket.on('close', () => inside.kill())
  }

  #inside(): string[] {
    return ['-t', String(this.#holder?.pid), '-n', '-m']
  }
}

const ENV = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
