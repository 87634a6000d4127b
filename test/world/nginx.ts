import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../demo/free-ports.ts'
import type { Certificate } from './test-authority.ts'

/** nginx, which stands in front of many registries and says much of what goes wrong in their name. */
export interface Front {
  readonly host: string
  stop(): Promise<void>
}

const PROGRAM = '/usr/sbin/nginx'

/** Why it cannot be started here; null where it can. */
export const missingNginx = (): string | null => (existsSync(PROGRAM) ? null : `${PROGRAM} not installed (apt-get install nginx-light)`)

export interface FrontOptions {
  /** Directives of the `server` block. */
  readonly server: string
  /** Directives of the `http` block. */
  readonly http?: string
  /** Serves TLS with it. */
  readonly tls?: Certificate
}

export async function startNginx(options: FrontOptions): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-nginx-'))
  const [port = 0] = await freePorts(1) // it cannot choose one itself and say which
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, options))
  const nginx = spawn(PROGRAM, ['-p', folder, '-e', 'stderr', '-c', 'nginx.conf', '-g', 'daemon off;'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = once(nginx, 'exit')
  await listening(nginx)
  return {
    host: `127.0.0.1:${port}`,
    async stop() {
      nginx.kill()
      await gone
      rmSync(folder, { recursive: true })
    },
  }
}

/** Its log says so; it must be read on to the end, or a full pipe stops nginx. */
const listening = (nginx: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let log = ''
    nginx.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-10_000)
      if (log.includes('start worker process ')) resolve()
    })
    nginx.once('exit', () => reject(new Error(`nginx did not start: ${log}`)))
  })

const configuration = (folder: string, port: number, { server, http = '', tls }: FrontOptions): string => `
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  ${http}
  server {
    listen 127.0.0.1:${port}${tls ? ' ssl' : ''};
    ${tls ? `ssl_certificate ${tls.chain}; ssl_certificate_key ${tls.key};` : ''}
    ${server}
  }
}
`
