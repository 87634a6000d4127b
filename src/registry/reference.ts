import { Refusal } from '../errors.ts'

/** `sha256:` and 64 hex digits, or `sha512:` and 128: the OCI image specification's descriptor digest. */
export type Digest = `sha256:${string}` | `sha512:${string}`

/**
 * An image name as a person writes it, taken apart: `[host[:port]/]name[:tag][@digest]` (OCI distribution specification, "Pulling manifests").
 * `registry` is the canonical host (`docker.io` for Docker Hub), `repository` the name below it.
 */
export interface Reference {
  readonly registry: string
  readonly repository: string
  readonly tag: string | null
  readonly digest: Digest | null
}

/** What a name leaves out. `repository` is canonical (`ghcr.io/acme/shop`) and makes `:tag` and `@digest` complete names. */
export interface ReferenceDefaults {
  readonly repository?: string
  readonly tag?: string
}

/**
 * Takes an image name apart and checks it against the grammar of the OCI distribution specification, because registries answer a
 * wrong name with anything from 404 to 500. Nothing is guessed: where neither tag nor digest stands, both are null.
 */
export function parseReference(text: string, defaults: ReferenceDefaults = {}): Reference | Refusal {
  if (text.length > LONGEST) return invalid(text, `is longer than ${LONGEST} characters`, `at most ${LONGEST} characters`)
  const [named = '', digest, ...more] = text.split('@')
  if (more.length > 0) return invalid(text, 'has two @', 'one digest after one @')
  const parts = splitName(defaults.repository !== undefined && /^(:|$)/.test(named) ? defaults.repository + named : named)
  const tag = parts.tag ?? (digest === undefined ? (defaults.tag ?? null) : null)
  const wrong = findWrong(parts.registry, parts.repository, tag, digest ?? null)
  if (wrong) return invalid(wrong.part, wrong.rule, wrong.wanted)
  return { registry: canonicalHost(parts.registry), repository: parts.repository, tag, digest: (digest ?? null) as Digest | null }
}

/** `ghcr.io/acme/shop`, `docker.io/library/nginx`: the name under which rules, credentials and plans know a repository. */
export const canonicalRepository = (reference: Pick<Reference, 'registry' | 'repository'>): string => `${reference.registry}/${reference.repository}`

/** The whole canonical name; `parseReference` reads it back to the same reference. */
export const formatReference = (reference: Reference): string =>
  canonicalRepository(reference) + (reference.tag === null ? '' : `:${reference.tag}`) + (reference.digest === null ? '' : `@${reference.digest}`)

export const isDigest = (text: string): text is Digest => DIGEST.test(text)

/** Docker Hub has three host names; one of them is used everywhere here. Host names are case-insensitive. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase()
  return lower === 'index.docker.io' || lower === 'registry-1.docker.io' ? 'docker.io' : lower
}

const LONGEST = 512 // name 255, tag 128, digest 135 at most
const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?'
const HOST = new RegExp(`^(?:\\[[0-9a-f:.]+\\]|${LABEL}(?:\\.${LABEL})*)(?::[0-9]{1,5})?$`)
const WORD = '[a-z0-9]+(?:(?:\\.|__|_|-+)[a-z0-9]+)*'
const NAME = new RegExp(`^${WORD}(?:/${WORD})*$`)
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

interface NameParts {
  readonly registry: string
  readonly repository: string
  readonly tag: string | null
}

function splitName(named: string): NameParts {
  const slash = named.indexOf('/')
  const first = named.slice(0, Math.max(slash, 0))
  const isHost = /[.:]/.test(first) || first === 'localhost'
  const rest = isHost ? named.slice(slash + 1) : named
  const registry = canonicalHost(isHost ? first : 'docker.io')
  const colon = rest.indexOf(':')
  const path = colon === -1 ? rest : rest.slice(0, colon)
  const repository = registry === 'docker.io' && path !== '' && !path.includes('/') ? `library/${path}` : path
  return { registry, repository, tag: colon === -1 ? null : rest.slice(colon + 1) }
}

interface Wrong {
  readonly part: string
  readonly rule: string
  readonly wanted: string
}

function findWrong(registry: string, repository: string, tag: string | null, digest: string | null): Wrong | null {
  if (!HOST.test(registry) || !isPlainHost(registry)) return { part: registry, rule: 'is not a registry host', wanted: 'a host name such as ghcr.io' }
  if (!NAME.test(repository)) return { part: repository, rule: 'is not a repository name', wanted: 'lower-case words joined by / . _ or -' }
  if (repository.length > 255) return { part: repository, rule: 'is too long', wanted: 'a repository name of at most 255 characters' }
  if (tag !== null && !TAG.test(tag))
    return { part: tag, rule: 'is not a tag', wanted: '1 to 128 letters, digits, _ . or -, not beginning with . or -' }
  if (digest !== null && !isDigest(digest)) return { part: digest, rule: 'is not a digest', wanted: 'sha256: and 64 hex digits' }
  return null
}

/** Other spellings of an address (`0x7f.1`, `2130706433`) name a host that no rule or credential was written for. */
function isPlainHost(host: string): boolean {
  const url = `https://${host}`
  return URL.canParse(url) && new URL(url).hostname === host.replace(/:\d+$/, '')
}

function invalid(part: string, rule: string, wanted: string): Refusal {
  const shown = part.length > 80 ? `${part.slice(0, 80)}…` : part
  return new Refusal('REFERENCE_INVALID', {
    sentence: `The image name cannot be read: "${shown}" ${rule}.`,
    found: shown,
    wanted,
    next: 'Name the image as host/name:tag or host/name@sha256:…, for example ghcr.io/acme/shop:1.2.',
  })
}
