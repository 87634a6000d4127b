/** Who calls: the App with its signed JWT, or one of its installations with a token; and what they may do. */
import { createSign, createVerify, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Operation, Referee } from './contract.ts'
import { isObject } from './description.ts'
import { GitHubSays, notAccessible, notFound } from './refusal.ts'
import { SignIns } from './sign-in.ts'
import type { Account, Installation, Repository, State } from './state.ts'

export interface Token {
  readonly text: string
  readonly installation: number
  /** Narrower than the installation's, where the bot asked for it; null for all of them. */
  readonly repositories: ReadonlySet<number> | null
  readonly permissions: ReadonlyMap<string, 'read' | 'write'>
  readonly expiresAt: number
}

export interface TokenWish {
  readonly repositoryIds: readonly number[] | null
  readonly repositoryNames: readonly string[] | null
  readonly permissions: Readonly<Record<string, string>> | null
}

/** The App's key, made anew in every process: 2048 bits take a tenth of a second. */
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** As GitHub hands it out: PKCS#1. */
export const PRIVATE_KEY = String(keys.privateKey.export({ type: 'pkcs1', format: 'pem' }))

export class Auth {
  /** Every token handed out, oldest first. */
  readonly tokens: Token[] = []
  /** The App's own, by which GitHub tells whose a user's token is. */
  readonly client = { id: 'Iv1.0123456789abcdef', secret: randomBytes(20).toString('hex') }
  /** Of people who have signed in with the App. */
  readonly userTokens = new Map<string, Account>()
  /** Where the App lets GitHub send browsers back to, word for word. */
  readonly callbacks = new Set(['https://gantry.example/login/callback'])
  /** GitHub's own pages for that. */
  readonly signIns: SignIns
  /** Milliseconds on the simulator's clock; an hour, as GitHub's. */
  lifetime = 60 * 60 * 1000
  readonly #referee: Referee
  readonly #appId: number
  readonly #now: () => number

  constructor(referee: Referee, appId: number, state: State, now: () => number) {
    this.#referee = referee
    this.#appId = appId
    this.#now = now
    this.signIns = new SignIns(this, state, now)
  }

  issue(installation: Installation, wish: TokenWish, state: State): Token {
    if (installation.isSuspended) throw new GitHubSays(403, 'This installation has been suspended')
    const permissions = new Map(installation.permissions)
    if (wish.permissions !== null) narrow(permissions, wish.permissions)
    const text = `ghs_${this.#appId}_${newJwt({ iss: 'github', ins: installation.id, jti: randomBytes(48).toString('base64url') }, keys.privateKey)}`
    const expiresAt = this.#now() + this.lifetime
    const token = { text, installation: installation.id, repositories: chosen(installation, wish, state), permissions, expiresAt }
    this.tokens.push(token)
    return token
  }

  /** Somebody signs in with the App. */
  signsIn(account: Account): string {
    const text = `ghu_${randomBytes(18).toString('hex')}`
    this.userTokens.set(text, account)
    return text
  }

  /** On the page at `url`, which Gantry sent a browser to, somebody says who they are, or cancels; the address that GitHub sends the browser to. */
  authorizes({ login }: Account, { url }: { readonly url: string }, how: 'agrees' | 'cancels' = 'agrees'): string {
    const pressed = new URL(url)
    pressed.searchParams.set(how === 'agrees' ? 'as' : 'cancel', login)
    const answer = this.signIns.answer(new Request(pressed), '')
    const location = answer?.headers.get('location') ?? null
    if (location === null) throw new Error(`GitHub leads nobody from ${url} to the App (status ${answer?.status ?? 404})`)
    return location
  }

  /** Whose token a request comes with. */
  asUser(request: Request): Account {
    const given = credential(request)
    if (given === null) return this.#referee.violate(`the bot called ${where(request)} without an authorization header`)
    const account = this.userTokens.get(given)
    if (account === undefined) throw new GitHubSays(401, 'Bad credentials')
    return account
  }

  /** Called with the App's client id and secret. */
  asClient(request: Request): void {
    const given = /^Basic (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
    if (atob(given) !== `${this.client.id}:${this.client.secret}`) throw new GitHubSays(401, 'Bad credentials')
  }

  /** The installation's token of a request; a call without one that GitHub gave is the bot's mistake, an expired one is GitHub's 401. */
  token(request: Request): Token {
    const given = credential(request)
    if (given === null) return this.#referee.violate(`the bot called ${where(request)} without an authorization header`)
    const token = this.tokens.find((one) => one.text === given)
    if (token === undefined) return this.#referee.violate(`the bot called ${where(request)} with something that is no installation token of GitHub's`)
    if (token.expiresAt <= this.#now()) throw new GitHubSays(401, 'Bad credentials')
    return token
  }

  /**
   * Checks the App's JWT (RS256, at most ten minutes long). Its times are not compared with the clock: libraries make it from
   * the machine's, which a simulated one does not follow.
   */
  asApp(request: Request): void {
    const given = credential(request)
    if (given === null) return this.#referee.violate(`the bot called ${where(request)} without an authorization header`)
    const claims = verified(given, keys.publicKey)
    if (claims === null) return this.#referee.violate(`the bot called ${where(request)} with something that is no JWT of the App`)
    if (String(claims['iss']) !== String(this.#appId)) throw new GitHubSays(401, "'Issuer' claim ('iss') must be an Integer")
    if (Number(claims['exp']) - Number(claims['iat']) > 660) throw new GitHubSays(401, "'Expiration time' claim ('exp') is too far in the future")
  }
}

/** Hides repositories that the token does not reach, and refuses what its permissions do not cover. */
export function authorize(token: Token, state: State, repository: Repository | null, needed: readonly string[]): void {
  const installation = state.installations.get(token.installation)
  if (installation === undefined) throw new GitHubSays(401, 'Bad credentials')
  if (installation.isSuspended) throw new GitHubSays(403, 'This installation has been suspended')
  if (repository !== null && !reaches(token, installation, repository)) throw notFound()
  if (needed.length > 0 && !needed.some((one) => grants(token.permissions, one))) throw notAccessible()
}

/** Of `issues:write|pull_requests:write`, the one that this thread needs. */
export function neededFor(operation: Pick<Operation, 'permission'>, isPull: boolean | null): readonly string[] {
  if (isPull === null || operation.permission.length < 2) return operation.permission
  return operation.permission.filter((one) => one.startsWith(isPull ? 'pull_requests:' : 'issues:'))
}

export function reaches(token: Token, installation: Installation, repository: Repository): boolean {
  return installation.repositories.has(repository.id) && (token.repositories === null || token.repositories.has(repository.id))
}

function grants(permissions: ReadonlyMap<string, string>, needed: string): boolean {
  const [name = '', level] = needed.split(':')
  const granted = permissions.get(name)
  return granted === 'write' || (granted === 'read' && level === 'read')
}

function narrow(permissions: Map<string, 'read' | 'write'>, wanted: Readonly<Record<string, string>>): void {
  for (const [name, level] of Object.entries(wanted)) {
    if (!grants(permissions, `${name}:${level}`)) throw new GitHubSays(422, 'The permissions requested are not granted to this installation.')
  }
  for (const name of permissions.keys()) {
    const level = wanted[name]
    if (level === 'read' || level === 'write') permissions.set(name, level)
    else if (name !== 'metadata') permissions.delete(name)
  }
}

function chosen(installation: Installation, wish: TokenWish, state: State): ReadonlySet<number> | null {
  if (wish.repositoryIds === null && wish.repositoryNames === null) return null
  const named = [...installation.repositories].filter((id) => wish.repositoryNames?.includes(state.repositories.get(id)?.name ?? ''))
  const ids = new Set([...(wish.repositoryIds ?? []), ...named])
  const isInside = [...ids].every((id) => installation.repositories.has(id)) && named.length === (wish.repositoryNames?.length ?? 0)
  if (!isInside) throw new GitHubSays(422, 'There is at least one repository that does not exist or is not accessible to the parent installation.')
  return ids
}

const where = (request: Request): string => `${request.method} ${new URL(request.url).pathname}`

function credential(request: Request): string | null {
  return /^(?:bearer|token)\s+(.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? null
}

function newJwt(claims: object, key: KeyObject): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`
}

function verified(jwt: string, key: KeyObject): Record<string, unknown> | null {
  const [header, claims, signature] = jwt.split('.')
  if (header === undefined || claims === undefined || signature === undefined) return null
  if (!createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(key, signature, 'base64url')) return null
  const parsed: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString())
  return isObject(parsed) ? parsed : null
}
