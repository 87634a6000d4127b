import { createIntake } from '../../src/bot/intake.ts'
import type { Deployment } from '../../src/deploy/deployment.ts'
import { createJournal } from '../../src/store/deployments.ts'
import type { World } from '../world/world.ts'
import type { Asked } from './checks.ts'
import type { Found } from './finding.ts'
import { MAC } from '../world/mac.ts'

/** What has not come to its end: open deployments, deliveries, words that were not said, environments that nobody freed. */
export function unfinished(world: World): string[] {
  const rows = [
    ...world.disk.all(`select 'deployment' as what, id, state from deployment where ended_at is null`),
    ...world.disk.all(`select 'delivery' as what, key from delivery where handled_at is null`),
    ...missed(world),
    ...world.disk.all(`select 'announcement' as what, key from announcement where is_complete = 0`),
  ]
  return rows.map((row) => Object.values(row).join(' '))
}

/** Commands that GitHub could not deliver, and that have not been fetched back yet. */
function missed({ github, disk }: World): Readonly<Record<string, string>>[] {
  const known = new Set(disk.all('select key from delivery').map(({ key }) => key))
  return github.webhooks.log
    .filter(({ attempts }) => attempts.length > 0 && !attempts.some(({ status }) => status >= 200 && status < 300))
    .flatMap(({ event, guid, payload }) => createIntake(github.identity.id).readDelivery(event, guid, payload, 0) ?? [])
    .flatMap(({ key }) => (known.has(key) ? [] : [{ what: 'missed', key }]))
}

/** Environments that stay occupied until somebody has looked. */
export const unsettled = (world: World): string[] =>
  world.disk
    .all(`select environment from deployment where state = 'unknown' and settled_at is null`)
    .map(({ environment }) => String(environment).split(':').at(-1) ?? '')

/** One row for each command, each ended, every environment free, fences rising. */
export function recorded(world: World, asked: Asked, found: Found): Deployment[] {
  for (const left of unfinished(world)) found('lost', `not finished: ${left}`)
  for (const environment of unsettled(world)) found('lost', `nobody can free ${environment}`)
  const journal = createJournal(world.disk, MAC)
  const deployments = world.disk.all('select id from deployment order by sequence').map(({ id }) => journal.find(String(id)) as Deployment)
  for (const [comment, commands] of asked.comments) {
    const rows = deployments.filter(({ request }) => request.comment?.id === comment)
    // Of a stranger's comment one command is enough to say so.
    const isBySomebodyElse = rows.length > 0 && rows.every(({ request }) => request.actor.id === world.github.people.mallory.id)
    compare(`comment ${comment}`, isBySomebodyElse ? Math.min(commands, rows.length) : commands, rows.length, found)
  }
  // A replay is the same signed body: what counts is what was signed, not how often it came.
  const labels = new Set(
    world.github.webhooks.log.filter(({ action, body }) => action === 'labeled' && body.includes('"deploy:')).map(({ body }) => body),
  )
  compare('labels', labels.size, deployments.filter(({ request }) => request.door === 'label').length, found)
  const strangers = deployments.filter(({ request }) => request.comment !== null && !asked.comments.has(request.comment.id))
  for (const { id } of strangers) found('doubled', `deployment ${id}, which nobody asked for`)
  rising(deployments, found)
  return deployments
}

function compare(what: string, wanted: number, rows: number, found: Found): void {
  if (rows < wanted) found('lost', `${what}: ${rows} deployments for ${wanted} commands`)
  if (rows > wanted) found('doubled', `${what}: ${rows} deployments for ${wanted} commands`)
}

/** In each environment every turn has a fence of its own, and an older request never has its turn after a newer one has succeeded. */
function rising(deployments: readonly Deployment[], found: Found): void {
  for (const environment of new Set(deployments.map((one) => one.environment))) {
    const turns = deployments
      .filter((one) => one.environment === environment && one.fence !== null)
      .toSorted((a, b) => (a.fence ?? 0) - (b.fence ?? 0))
    for (const [index, turn] of turns.entries()) {
      const before = turns.slice(0, index)
      if (before.some(({ fence }) => fence === turn.fence)) found('doubled', `${environment}: fence ${turn.fence} was given twice`)
      const overtaken = before.find(({ state, sequence }) => state === 'success' && sequence > turn.sequence)
      if (overtaken) found('stale', `${environment}: ${turn.id} had its turn after the newer ${overtaken.id}`)
    }
  }
}
