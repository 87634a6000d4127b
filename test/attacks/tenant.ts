import { writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import type { Person } from '../world/github/people.ts'
import { createRepository, give, join } from '../world/github/population.ts'
import { newId } from '../world/github/state.ts'
import type { Installation, Issue, Repository } from '../world/github/state.ts'
import type { Grounds } from '../world/grounds.ts'
import type { Stage } from '../world/stage.ts'

/** Another account with a repository of the same name, where the App is installed too. */
export interface Tenant {
  readonly home: Repository
  readonly installation: Installation
  readonly grace: Person
  readonly pull: Issue
}

/** grace administers it, ada only reads; the pull request is older than anything that is said on it. */
export async function movesIn(stage: Stage, login: string, deployYml: string): Promise<Tenant> {
  const { github } = stage
  const owner = join(github.state, login, 'Organization')
  const home = createRepository(github.state, owner, { name: 'shop' }, github.now())
  give(home, github.people.grace.account, 'admin')
  give(home, github.people.ada.account, 'read')
  const installation: Installation = {
    ...github.installation,
    ...{ id: newId(github.state), account: owner, repositories: new Set([home.id]) },
  }
  github.state.installations.set(installation.id, installation)
  github.has('.github/deploy.yml', deployYml, home)
  const grace = github.people.grace.at(home)
  let pull: Issue | null = null
  await stage.ago(3 * 3_600_000, () => (pull = grace.opensPullRequest()))
  return { home, installation, grace, pull: pull! }
}

const siteOf = (grounds: Grounds, repository: Repository, more: object = {}) => ({
  ...{ kind: 'static', listen: '127.0.0.1:0' },
  allow: [{ repository: `${repository.owner.login}/shop`, id: repository.id, environments: ['*'], images: [grounds.registry.name('acme/*')] }],
  ...more,
})

export async function operates(grounds: Grounds, { home }: Pick<Tenant, 'home'>, more: object = {}, environment = {}): Promise<void> {
  const targets = { site: siteOf(grounds, grounds.github.repository), theirs: siteOf(grounds, home) }
  writeFileSync(path(grounds.folder, 'gantry.yml'), JSON.stringify({ version: 1, targets, ...more }))
  await grounds.gantry.stops()
  await grounds.starts(environment)
}
