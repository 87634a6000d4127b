import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../errors.ts'
import type { Credential } from '../registry/credential.ts'
import { dockerConfigCredential, parseDockerConfig } from '../registry/docker-config.ts'
import type { RunHelper } from '../registry/docker-config.ts'

/**
 * What `docker pull` would log in to a registry with. `where`: a `config.json`, or its folder as in Docker's `DOCKER_CONFIG`; `~` is the
 * user's own. Read at every call, because `docker login` and helpers change it.
 */
export async function dockerCredential(where: string, registry: string): Promise<Credential | null> {
  const path = fileAt(where)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(registry, String(error.code))
  })
  const config = parseDockerConfig(text)
  if (config === null) throw unreadable(registry, 'no JSON object')
  return dockerConfigCredential(registry, config, runHelper)
}

function fileAt(where: string): string {
  const path = where.replace(/^~(?=\/|$)/, homedir())
  return path.endsWith('.json') ? path : join(path, 'config.json')
}

const WITHIN = 10_000 // ms: some ask a cloud
const MOST_BYTES = 128 * 1024

/** Without a shell; an answer that does not come counts as one on standard output, as the helpers' own errors do. */
const runHelper: RunHelper = (helper, server) =>
  new Promise((resolve) => {
    const program = `docker-credential-${helper}`
    const child = execFile(
      program,
      ['get'],
      { timeout: WITHIN, killSignal: 'SIGKILL', maxBuffer: MOST_BYTES, windowsHide: true },
      (error, stdout) => {
        if (error === null) resolve({ status: 0, stdout })
        else if (typeof error.code === 'number') resolve({ status: error.code, stdout })
        else resolve({ status: -1, stdout: error.killed === true ? `none within ${WITHIN} ms` : String(error.code) })
      },
    )
    child.stdin?.on('error', () => {}) // it may end without reading, and says why with its status
    child.stdin?.end(server)
  })

/** Without the path: it may be told in a public comment, and the operator file has it. */
const unreadable = (registry: string, found: string): Failure =>
  new Failure('CREDENTIAL_SOURCE_FAILED', {
    sentence: `Docker’s configuration for ${registry} cannot be read.`,
    found: `config.json: ${found}`,
    wanted: 'a config.json of Docker’s',
    next: `Run docker login ${registry} on this machine, as the user that Gantry runs as, or name another folder.`,
  })
