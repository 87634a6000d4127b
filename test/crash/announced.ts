import type { Deployment, EndState } from '../../src/deploy/deployment.ts'
import type { World } from '../world/world.ts'
import { name, type Asked } from './checks.ts'
import type { Found } from './finding.ts'

const SHOWN: Record<EndState, { readonly mark: string; readonly conclusion: string; readonly status: string }> = {
  success: { mark: '✅', conclusion: 'success', status: 'success' },
  failure: { mark: '❌', conclusion: 'failure', status: 'failure' },
  refused: { mark: '🚫', conclusion: 'failure', status: 'error' },
  cancelled: { mark: '⏭️', conclusion: 'cancelled', status: 'inactive' },
  superseded: { mark: '⏭️', conclusion: 'skipped', status: 'inactive' },
  unknown: { mark: '❔', conclusion: 'action_required', status: 'error' },
}

/** On GitHub stands one comment, one check run and one Deployment for each, with its last state, and nothing else of the bot's. */
export function announced(world: World, deployments: readonly Deployment[], asked: Asked, found: Found): void {
  for (const deployment of deployments) {
    commented(world, deployment, found)
    checked(world, deployment, found)
    deployed(world, deployment, found)
  }
  reacted(world, asked, found)
  const known = new Set(deployments.map(({ id }) => id))
  for (const { externalId } of world.github.repository.checks) if (!known.has(externalId ?? '')) found('doubled', `a check run for ${externalId}`)
  for (const { payload } of world.github.repository.deployments)
    if (!known.has(idIn(payload))) found('doubled', `a GitHub Deployment for ${idIn(payload)}`)
}

function commented(world: World, deployment: Deployment, found: Found): void {
  const { bot, repository } = world.github
  const all = [...repository.issues.values()].flatMap(({ comments }) => comments).filter(({ author }) => author.id === bot.id)
  const comments = all.filter(({ body }) => body.includes(`gantry:deployment ${deployment.id} `))
  once(`comment of ${name(deployment)}`, comments.length, deployment.isQuiet ? 0 : 1, found)
  const { mark } = SHOWN[deployment.state as EndState]
  for (const { body } of comments) if (!body.startsWith(mark)) found('stale', `the comment of ${name(deployment)} says ${body.slice(0, 100)}`)
}

function checked(world: World, deployment: Deployment, found: Found): void {
  const checks = world.github.repository.checks.filter(({ externalId }) => externalId === deployment.id)
  once(`check run of ${name(deployment)}`, checks.length, isPlanned(deployment) ? 1 : 0, found)
  const { conclusion } = SHOWN[deployment.state as EndState]
  for (const one of checks) {
    if (one.status !== 'completed' || one.conclusion !== conclusion) found('stale', `the check of ${name(deployment)}: ${one.shown.join(' → ')}`)
  }
}

function deployed(world: World, deployment: Deployment, found: Found): void {
  const all = world.github.repository.deployments.filter(({ payload }) => idIn(payload) === deployment.id)
  once(`GitHub Deployment of ${name(deployment)}`, all.length, isPlanned(deployment) ? 1 : 0, found)
  for (const { statuses, sha } of all) {
    // GitHub itself says `inactive` of what a newer one has replaced, without words.
    const said = statuses.filter(({ state, description }) => state !== 'inactive' || description !== '').map(({ state }) => state)
    if (said.at(-1) !== SHOWN[deployment.state as EndState].status) found('stale', `the Deployment of ${name(deployment)}: ${said.join(' → ')}`)
    if (said.some((state, index) => state === said[index - 1])) found('doubled', `a status of ${name(deployment)}: ${said.join(' → ')}`)
    if (sha !== deployment.plan?.commit) found('broken', `${name(deployment)} stands on ${sha}`)
  }
}

function reacted(world: World, { comments, mayLackReactions }: Asked, found: Found): void {
  const { bot, repository } = world.github
  for (const comment of [...repository.issues.values()].flatMap((issue) => issue.comments)) {
    if (!comments.has(comment.id)) continue
    const eyes = comment.reactions.filter(({ user, content }) => user.id === bot.id && content === 'eyes').length
    if (eyes > 1 || (eyes === 0 && !mayLackReactions && !comment.isDeleted))
      found(eyes > 1 ? 'doubled' : 'lost', `${eyes} reactions to comment ${comment.id}`)
  }
}

const isPlanned = ({ plan, isQuiet }: Deployment): boolean => plan !== null && !isQuiet

function once(what: string, seen: number, wanted: number, found: Found): void {
  if (seen < wanted) found('lost', `no ${what}`)
  if (seen > wanted) found('doubled', `${seen} × ${what}`)
}

const idIn = (payload: unknown): string => (payload as { gantry?: { id?: string } } | null)?.gantry?.id ?? ''
