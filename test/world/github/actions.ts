/** GitHub Actions as far as its tokens go (docs.github.com: "OpenID Connect reference"): who asks for one is a job of a workflow. */
import { createSign, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import type { Person } from './people.ts'
import type { Repository } from './state.ts'

interface Key {
  readonly kid: string
  readonly pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
}

/** What a job runs for. */
export interface Job {
  readonly file?: string
  /** `refs/heads/main` where it is left out. */
  readonly ref?: string
  readonly event?: string
  readonly environment?: string
  readonly sha?: string
  readonly repository?: Repository
  readonly run?: number
}

/** 2048 bits take a tenth of a second. */
const newKey = (): Key => ({ kid: randomUUID(), pair: generateKeyPairSync('rsa', { modulusLength: 2048 }) })
const shared = newKey()

export class Actions {
  keys: Key[] = [shared]
  /** `iss`, as tokens have it. */
  issuer = 'https://token.actions.githubusercontent.com'
  /** How often somebody asked for the keys. */
  asked = 0
  /** Answers instead, where it is set. */
  answers: (() => Response | Promise<Response>) | null = null
  /** What a job shows to be given a token. */
  readonly requestToken = randomUUID()
  readonly #repository: Repository
  readonly #now: () => number
  #job: { readonly person: Person; readonly job: Job } | null = null

  constructor(repository: Repository, now: () => number) {
    this.#repository = repository
    this.#now = now
  }

  /** What the token of a job says. */
  claims(person: Person, audience: string, job: Job = {}): Record<string, unknown> {
    const { file = 'release.yml', ref = 'refs/heads/main', event = 'push', environment, repository = this.#repository, run = 4001 } = job
    const [owner, name] = [repository.owner.login, repository.name]
    const [kind, ...branch] = ref.replace(/^refs\//, '').split('/')
    const sha = job.sha ?? (kind === 'heads' ? repository.branches.get(branch.join('/')) : undefined) ?? '0'.repeat(40)
    const at = Math.floor(this.#now() / 1000)
    const place = environment === undefined ? `ref:${ref}` : `environment:${environment}`
    return {
      ...{ jti: randomUUID(), iss: this.issuer, aud: audience, iat: at, nbf: at - 300, exp: at + 300 },
      sub: `repo:${owner}@${repository.owner.id}/${name}@${repository.id}:${place}`,
      ...{ repository: `${owner}/${name}`, repository_id: String(repository.id), repository_owner: owner },
      ...{ repository_owner_id: String(repository.owner.id), repository_visibility: repository.isPrivate ? 'private' : 'public' },
      ...{ actor: person.account.login, actor_id: String(person.id), ref, ref_type: kind === 'tags' ? 'tag' : 'branch', ref_protected: 'false', sha },
      ...{
        event_name: event,
        base_ref: '',
        head_ref: '',
        run_id: String(run),
        run_number: '7',
        run_attempt: '1',
        runner_environment: 'github-hosted',
      },
      ...{ workflow: 'Release', workflow_ref: `${owner}/${name}/.github/workflows/${file}@${ref}`, workflow_sha: sha },
      ...{ job_workflow_ref: `${owner}/${name}/.github/workflows/${file}@${ref}`, job_workflow_sha: sha },
      ...(environment !== undefined && { environment }),
    }
  }

  /** The token of a job that somebody's push or click began. */
  token(person: Person, audience: string, job: Job = {}): string {
    return this.signs(this.claims(person, audience, job))
  }

  signs(claims: object, header: object = {}, key: Key = this.keys[0] as Key): string {
    const signed = `${encoded({ typ: 'JWT', alg: 'RS256', x5t: key.kid, kid: key.kid, ...header })}.${encoded(claims)}`
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key.pair.privateKey, 'base64url')}`
  }

  rotates(): Key {
    this.keys = [newKey(), ...this.keys]
    return this.keys[0] as Key
  }

  /** From now on a runner hands out this job's tokens at `ACTIONS_ID_TOKEN_REQUEST_URL`. */
  runs(person: Person, job: Job = {}): void {
    this.#job = { person, job }
  }

  /** Of the issuer's origin; null: no address of its. */
  async answer(request: Request): Promise<Response | null> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname.endsWith('/.well-known/jwks')) {
      this.asked += 1
      return (await this.answers?.()) ?? Response.json({ keys: this.keys.map(published) })
    }
    if (!pathname.endsWith('/_runner/token')) return null
    if (this.#job === null || request.headers.get('authorization') !== `bearer ${this.requestToken}`) return new Response(null, { status: 401 })
    const { person, job } = this.#job
    return Response.json({ value: this.token(person, searchParams.get('audience') ?? 'https://github.com/acme', job) })
  }
}

const published = ({ kid, pair }: Key): object => ({ ...pair.publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig', x5t: kid })

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
