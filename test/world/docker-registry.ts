import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from './test-authority.ts'
import type { Account } from './registry-accounts.ts'
import { ISSUER, SERVICE, startTokenServer } from './token-server.ts'
import type { TokenServer } from './token-server.ts'

export interface DockerRegistryOptions {
  readonly auth: 'none' | 'htpasswd' | 'token'
  readonly accounts?: readonly Account[]
  readonly public?: readonly string[]
  /** Serves TLS with it. */
  readonly certificate?: Certificate
  /** What the challenge names as token server, where that is not where it really is. */
  readonly realm?: string
}

/** The CNCF distribution registry, as Debian packages it, on a free port of loopback. */
export interface DockerRegistry {
  readonly host: string
  /** Its token server, which has an origin of its own; null in the other modes. */
  readonly tokens: TokenServer | null
  /** Its own access log of what was answered up to now, without the queries: `GET /v2/acme/shop/manifests/1.2 200`. */
  accessLog(): Promise<readonly string[]>
  /** Forgets what was logged up to now. */
  forgets(): Promise<void>
  /** Below it is what it stores. */
  readonly folder: string
  /** What `Authorization` a push needs. */
  pushAuthorization(repository: string): string | undefined
  /** Its health check fails from now on, or no longer: it answers 503 to everything. */
  isDrained(is: boolean): void
  /** It takes connections and says nothing, until it goes on. */
  standsStill(): void
  goesOn(): void
  stop(): Promise<void>
}

const PROGRAM = '/usr/bin/docker-registry'

/** Why it cannot be started here; null where it can. */
export function missingDockerRegistry(): string | null {
  const absent = [PROGRAM, '/usr/bin/htpasswd', '/usr/bin/openssl'].filter((path) => !existsSync(path))
  return absent.length === 0 ? null : `${absent.join(', ')} not installed (apt-get install docker-registry apache2-utils openssl)`
}

export async function startDockerRegistry(options: DockerRegistryOptions): Promise<DockerRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-docker-registry-'))
  const tokens = options.auth === 'token' ? await startTokenServer(folder, options) : null
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration(folder, options, tokens?.realm ?? ''))) // JSON is YAML
  const registry = spawn(PROGRAM, ['serve', join(folder, 'config.json')], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [pusher] = options.accounts ?? []
  const flag = drainFlag(folder)
  const log = readAccessLog(registry)
  const host = `127.0.0.1:${await listeningPort(registry)}`
  return {
    host,
    tokens,
    async accessLog() {
      await log.upTo(host)
      return [...log.requests]
    },
    async forgets() {
      await log.upTo(host)
      log.requests.length = 0
    },
    folder,
    pushAuthorization(repository) {
      if (tokens) return `Bearer ${tokens.issue([{ type: 'repository', name: repository, actions: ['pull', 'push'] }])}`
      return options.auth === 'htpasswd' && pusher ? `Basic ${Buffer.from(`${pusher.name}:${pusher.password}`).toString('base64')}` : undefined
    },
    isDrained: (is) => (is ? writeFileSync(flag, '') : rmSync(flag, { force: true })),
    standsStill: () => void registry.kill('SIGSTOP'),
    goesOn: () => void registry.kill('SIGCONT'),
    async stop() {
      registry.kill('SIGCONT')
      registry.kill()
      await once(registry, 'exit')
      tokens?.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

const drainFlag = (folder: string): string => join(folder, 'drained')

function configuration(folder: string, options: DockerRegistryOptions, realm: string) {
  const path = join(folder, 'htpasswd')
  if (options.auth === 'htpasswd') writeFileSync(path, (options.accounts ?? []).map(({ name, password }) => bcrypted(name, password)).join(''))
  const auth = {
    none: {},
    htpasswd: { auth: { htpasswd: { realm: 'a "quoted" realm', path } } },
    token: { auth: { token: { realm: options.realm ?? realm, service: SERVICE, issuer: ISSUER, rootcertbundle: join(folder, 'token.crt') } } },
  }
  const storage = { filesystem: { rootdirectory: join(folder, 'data') } }
  const health = { file: [{ file: drainFlag(folder), interval: '20ms' }] }
  const tls = options.certificate && { tls: { certificate: options.certificate.chain, key: options.certificate.key } }
  return { version: 0.1, log: { level: 'info' }, storage, health, http: { addr: '127.0.0.1:0', ...tls }, ...auth[options.auth] }
}

/** The password goes in by stdin, so that no process list shows it; cost 5 keeps the test quick. */
const bcrypted = (name: string, password: string): string =>
  execFileSync('/usr/bin/htpasswd', ['-Bin', '-C', '5', name], { input: password, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] }).trim() + '\n'

/** The port is chosen by the kernel and told by the log, which must be read on to the end: a full or closed pipe stops the registry. */
const listeningPort = (registry: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let log = ''
    registry.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-10_000)
      const port = /listening on [^ ]*:(\d+)/.exec(log)?.[1]
      if (port !== undefined) resolve(port)
    })
    registry.once('exit', () => reject(new Error(`docker-registry did not start: ${log}`)))
  })

interface AccessLog {
  readonly requests: string[]
  /** Resolves once everything is read that was answered before. */
  upTo(host: string): Promise<void>
}

const MARK = '/v2/gantry-mark/tags/list'

/** It writes a line once it has answered, `… "GET /v2/ HTTP/1.1" 401 87 …`, which comes here later than the answer: so a mark is sent after it. */
function readAccessLog(registry: ChildProcess): AccessLog {
  const requests: string[] = []
  const waiting: (() => void)[] = []
  let rest = ''
  registry.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [, method, path, status] = /"([A-Z]+) ([^ ?"]+)[^"]*" (\d{3}) /.exec(line) ?? []
      if (path === MARK) waiting.shift()?.()
      else if (path !== undefined) requests.push(`${method} ${path} ${status}`)
    }
  })
  return {
    requests,
    async upTo(host) {
      const read = new Promise<void>((resolve) => void waiting.push(resolve))
      await fetch(`http://${host}${MARK}`)
      await read
    },
  }
}
