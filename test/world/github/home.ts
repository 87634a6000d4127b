import type { GitHub } from './github.ts'
import { createRepository } from './population.ts'
import type { Repository } from './state.ts'

export interface HomeWish {
  readonly isPrivate?: boolean
  /** Whether the App is installed on it, too. */
  readonly isInstalled?: boolean
  /** What stands in `.github/deploy-defaults.yml`. */
  readonly defaults?: string
}

/** The account's repository `.github`. */
export function openHome(github: GitHub, { isPrivate = false, isInstalled = false, defaults }: HomeWish = {}): Repository {
  const home = createRepository(github.state, github.repository.owner, { name: '.github', isPrivate }, github.now())
  if (isInstalled) github.installation.repositories.add(home.id)
  if (defaults !== undefined) demand(github, home, defaults)
  return home
}

/** As a fact: nobody is told. */
export const demand = (github: GitHub, home: Repository, text: string | null): void => github.has('.github/deploy-defaults.yml', text, home)
