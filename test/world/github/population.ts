/** Who and what is there before a story begins: an organisation, a repository, people with standing, the App installed. */
import { commit } from './git.ts'
import { newId, nodeId } from './state.ts'
import type { Account, AppIdentity, Installation, Repository, Role, State } from './state.ts'

export interface RepositoryWish {
  readonly name: string
  readonly isPrivate?: boolean
  /** Makes it a fork: commits are shared. */
  readonly parent?: Repository
}

/** `acme/shop`: ada writes, grace administers and owns the organisation, trent triages, mallory and eve only read; robot is another App's bot. */
export function found(state: State, identity: AppIdentity, permissions: Readonly<Record<string, 'read' | 'write'>>, now: number) {
  const acme = join(state, 'acme', 'Organization')
  const bot = join(state, `${identity.slug}[bot]`, 'Bot', identity)
  const [ada, grace, mallory] = [join(state, 'ada'), join(state, 'grace'), join(state, 'mallory')]
  const [trent, eve] = [join(state, 'trent'), join(state, 'eve')]
  const robot = join(state, 'robot[bot]', 'Bot', { id: 815, slug: 'robot', name: 'Robot' })
  const repository = createRepository(state, acme, { name: 'shop' }, now)
  give(repository, ada, 'write')
  give(repository, grace, 'admin')
  give(repository, trent, 'triage')
  state.members.set(
    acme.id,
    new Map([
      [grace.id, 'admin'],
      [ada.id, 'member'],
    ]),
  )
  const installation = install(state, acme, [repository], permissions)
  return { bot, repository, installation, accounts: { ada, grace, mallory, trent, eve, robot } }
}

/** A new account; a login that somebody gave up can be taken again. */
export function join(state: State, login: string, type: Account['type'] = 'User', app: AppIdentity | null = null): Account {
  if (state.accounts.some((one) => one.login === login)) throw new Error(`the login ${login} is taken`)
  const id = newId(state)
  const prefix = { User: 'U', Bot: 'BOT', Organization: 'O' }[type]
  const account: Account = { id, node: nodeId(prefix, id), login, type, app, url: `https://github.com/${login.replace('[bot]', '')}` }
  state.accounts.push(account)
  return account
}

export function createRepository(state: State, owner: Account, wish: RepositoryWish, now: number): Repository {
  const id = newId(state)
  const { parent } = wish
  const made: Repository = {
    id,
    node: nodeId('R', id),
    owner,
    name: wish.name,
    url: `https://github.com/${owner.login}/${wish.name}`,
    isPrivate: wish.isPrivate ?? false,
    defaultBranch: 'main',
    parent: parent?.id ?? null,
    roles: new Map(),
    commits: parent?.commits ?? new Map(),
    branches: new Map(parent?.branches),
    tags: new Map(),
    annotated: new Map(),
    pushes: [],
    issues: new Map(),
    checks: [],
    suites: new Map(),
    deployments: [],
    contexts: new Map(),
    attestations: new Map(),
    required: new Map(),
  }
  state.repositories.set(id, made)
  state.nodes.set(made.node, { kind: 'Repository', repository: made })
  if (parent === undefined)
    made.branches.set('main', commit(state, made, [], now, { message: 'Begin', files: { 'README.md': `# ${wish.name}\n` } }).sha)
  return made
}

/** `name` for a role that the organisation made itself: `permission` then says the role it stands on. */
export function give(repository: Repository, account: Account, role: Role, name: string = role): void {
  repository.roles.set(account.id, { role, name })
}

function install(
  state: State,
  account: Account,
  repositories: readonly Repository[],
  permissions: Readonly<Record<string, 'read' | 'write'>>,
): Installation {
  const rights = new Map(Object.entries(permissions))
  const made = { id: newId(state), account, repositories: new Set(repositories.map((one) => one.id)), permissions: rights, isSuspended: false }
  state.installations.set(made.id, made)
  return made
}
