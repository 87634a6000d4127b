import { hasEnded, type Deployment } from '../../src/deploy/deployment.ts'
import type { World } from '../world/world.ts'
import type { Finding, Found } from './finding.ts'
import type { History } from './history.ts'
import { leaks } from './leaks.ts'
import { announced } from './announced.ts'
import { recorded } from './recorded.ts'
import { targets } from './targets.ts'

/** What a world was asked to do, from its own side. */
export interface Asked {
  /** The comments' ids, each with how many commands are in it. */
  readonly comments: ReadonlyMap<number, number>
  /** Whether GitHub may have refused a reaction for good: Gantry does not insist on those. */
  readonly mayLackReactions: boolean
}

/** Everything that must hold once the world has come to rest. */
export function check(world: World, asked: Asked, history: History): Finding[] {
  const findings: Finding[] = []
  const found: Found = (kind, what) => void findings.push({ kind, what })
  const deployments = recorded(world, asked, found)
  const ended = deployments.filter(({ state }) => hasEnded(state))
  announced(world, ended, asked, found)
  targets(world, ended, history, found)
  leaks(world, found)
  quiet(world, found)
  return findings
}

function quiet(world: World, found: Found): void {
  try {
    world.github.verdict()
  } catch (error) {
    found('broken', String(error))
  }
  for (const line of world.errors) found('broken', `logged: ${line.slice(0, 1_000)}`)
  for (const violation of world.engine.simulator.violations) found('broken', `engine: ${violation}`)
}

export const name = ({ id, state }: Pick<Deployment, 'id' | 'state'>): string => `deployment ${id} (${state})`
