import { Refusal } from '../../errors.ts'
import { isAdmitted, matches, type Bound } from '../environment.ts'
import type { DeployRequest } from '../deployment.ts'
import type { Json } from '../target.ts'
import type { Proposal } from '../proposal.ts'
import type { Gate } from './gate.ts'

/** What the account's administrators let this repository do with this target; by default nothing. */
export const bounds: Gate = {
  name: 'bounds of the target',
  skippedBy: [],
  judge: ({ request, proposal }) => {
    if (proposal === null) return null
    const { placed } = proposal
    const own = placed.bounds.filter((bound) => isAdmitted(bound, request.repository))
    if (own.length === 0) return notThisRepository(request, proposal)
    const obstacles = own.map((bound) => obstacle(bound, proposal))
    if (obstacles.includes(null)) return `target ${placed.name} is allowed to this repository for ${proposal.environment}`
    const { found, wanted } = obstacles[0] as Obstacle
    return new Refusal('TARGET_NOT_ALLOWED', {
      sentence: `Target ${placed.name} is not allowed to this repository in this way.`,
      ...{ found, wanted },
      next: `Ask the account's administrators to widen targets.${placed.name}.allow, or change .github/deploy.yml.`,
    })
  },
}

interface Obstacle {
  readonly found: string
  readonly wanted: string
}

function obstacle(bound: Bound, proposal: Proposal): Obstacle | null {
  if (!bound.environments.some((pattern) => matches(pattern, proposal.environment))) {
    return { found: `environment ${proposal.environment}`, wanted: `one of: ${bound.environments.join(', ')}` }
  }
  const image = proposal.artifacts.find(({ repository }) => !bound.images.some((pattern) => matches(pattern, repository)))
  if (image !== undefined) return { found: `image ${image.repository}`, wanted: `one of: ${bound.images.join(', ')}` }
  for (const [key, pattern] of bound.settings) {
    const value = proposal.settings[key]
    const texts = Array.isArray(value) ? value : [value]
    if (!texts.every((text) => typeof text === 'string' && matches(pattern, text))) {
      return { found: `settings.${key}: ${JSON.stringify(value) ?? 'not set'}`, wanted: `what fits ${pattern}` }
    }
  }
  const guarded = proposal.placed.target.guarded.find((key) => isSaid(proposal.settings[key]) && !bound.settings.has(key))
  if (guarded === undefined) return null
  return {
    found: `settings.${guarded}: ${JSON.stringify(proposal.settings[guarded])}`,
    wanted: `a pattern for ${guarded} under settings of the bound`,
  }
}

const isSaid = (value: Json | undefined): boolean => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)

const notThisRepository = (request: DeployRequest, { placed }: Proposal): Refusal =>
  new Refusal('TARGET_NOT_ALLOWED', {
    sentence: `Target ${placed.name} is not allowed to this repository.`,
    found: `repository ${request.repository.owner}/${request.repository.name}, id ${request.repository.id}`,
    wanted: `an entry with this owner and this id under targets.${placed.name}.allow`,
    next: "Ask the account's administrators to add the repository to the target.",
  })
