import { Secret } from '../secret.ts'
import { isObject, parseObject } from './answer.ts'
import type { Credential } from './credential.ts'
import { registryFailure } from './failure.ts'
import { textsIn } from './given.ts'
import type { Texts } from './given.ts'
import { canonicalHost } from './reference.ts'

/** Docker's own `config.json`, as far as it speaks of credentials (docker/cli, cli/config/configfile/file.go). */
export interface DockerConfig {
  /** By what Docker calls the server's address: `ghcr.io`, `https://index.docker.io/v1/`. */
  readonly auths: ReadonlyMap<string, Texts>
  /** Helpers for single registries, and the one for all others; empty where there is none. */
  readonly credHelpers: Texts
  readonly credsStore: string
}

/** Null where the text is no JSON object. What else stands in it is left alone. */
export function parseDockerConfig(text: string): DockerConfig | null {
  const config = parseObject(text)
  if (config === null) return null
  const entries = Object.entries(isObject(config['auths']) ? config['auths'] : {})
  return {
    auths: new Map(entries.map(([server, entry]) => [server, textsIn(isObject(entry) ? entry : {})])),
    credHelpers: textsIn(isObject(config['credHelpers']) ? config['credHelpers'] : {}),
    credsStore: textsIn(config).get('credsStore') ?? '',
  }
}

/** Runs `docker-credential-HELPER get` with the server's address on its standard input. Its errors come on standard output. */
export type RunHelper = (helper: string, server: string) => Promise<{ readonly status: number; readonly stdout: string }>

/**
 * The credential that `docker pull` would use for a registry: from the helper for it, from the store, or else from `auths`; null where
 * Docker has none. As with Docker, `auths` is not looked at where a helper or store is configured.
 */
export async function dockerConfigCredential(registry: string, config: DockerConfig, runHelper: RunHelper): Promise<Credential | null> {
  const helper = find(config.credHelpers, registry)
  const [server, name] = helper ?? [addressOf(registry), config.credsStore]
  if (name !== '') return fromHelper(registry, name, server, runHelper)
  const entry = find(config.auths, registry)
  return entry === null ? null : fromEntry(registry, entry[1])
}

/** Docker Hub's address is older than host names of registries. */
const HUB = 'https://index.docker.io/v1/'
const addressOf = (registry: string): string => (registry === 'docker.io' ? HUB : registry)

/** The key as Docker writes it, or else one with the same host, as older Dockers and people write it. */
function find<T>(entries: ReadonlyMap<string, T>, registry: string): readonly [string, T] | null {
  const exact = entries.get(addressOf(registry))
  if (exact !== undefined) return [addressOf(registry), exact]
  return [...entries].find(([server]) => hostOf(server) === registry) ?? null
}

/** `https://ghcr.io/v1/` → `ghcr.io` (docker/cli, ConvertToHostname). */
const hostOf = (server: string): string => canonicalHost(server.replace(/^https?:\/\//, '').replace(/\/.*$/, ''))

const NOT_FOUND = 'credentials not found in native keychain' // docker-credential-helpers, credentials/error.go

async function fromHelper(registry: string, name: string, server: string, runHelper: RunHelper): Promise<Credential | null> {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) throw useless(registry, 'the name of a credential helper with other characters than letters, digits, _ and -')
  const { status, stdout } = await runHelper(name, server)
  if (status !== 0 && stdout.trim() === NOT_FOUND) return null
  // Its own words may be of this machine, and this may be told in a public comment; ours are not.
  if (status !== 0) throw useless(registry, `docker-credential-${name} ${status < 0 ? `gave no answer: ${stdout}` : `ended with ${status}`}`)
  const said = textsIn(parseObject(stdout))
  const [username = '', secret = ''] = [said.get('Username'), said.get('Secret')]
  // Not shown: what is no answer may still hold a secret.
  if (username === '' || secret === '') throw useless(registry, `an answer of docker-credential-${name} without Username and Secret`)
  if (username === '<token>') return { kind: 'identity', token: new Secret(secret) }
  return { kind: 'basic', username, password: new Secret(secret) }
}

/** An empty entry is what `docker login` leaves behind where a store has the credential. */
function fromEntry(registry: string, entry: Texts): Credential | null {
  const token = entry.get('identitytoken') ?? ''
  if (token !== '') return { kind: 'identity', token: new Secret(token) }
  const auth = entry.get('auth') ?? ''
  const [username, password] = auth === '' ? [entry.get('username') ?? '', entry.get('password') ?? ''] : decode(registry, auth)
  if (username === '' && password === '') return null
  return { kind: 'basic', username, password: new Secret(password) }
}

/** `user:password` in base64 and UTF-8; Docker cuts zero bytes off the password. */
function decode(registry: string, auth: string): [username: string, password: string] {
  const text = textOf(auth)
  const colon = text.indexOf(':')
  if (colon < 1) throw useless(registry, 'an `auth` that is not user:password in base64')
  return [text.slice(0, colon), text.slice(colon + 1).replaceAll(/^\0+|\0+$/g, '')]
}

function textOf(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)))
  } catch {
    return ''
  }
}

const useless = (registry: string, found: string) =>
  registryFailure(
    'CREDENTIAL_SOURCE_FAILED',
    { registry, image: registry, grant: '' },
    {
      sentence: `Docker’s configuration gives no credential for ${registry}.`,
      found,
      next: `Run docker login ${registry} again on this machine, as the user that Gantry runs as.`,
    },
  )
