import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Comment, Issue } from '../world/github/state.ts'
import type { Delivery } from '../world/github/webhooks.ts'
import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { asks, comesToRest, fate, fateOf, holdsUp, inWords, keyOf, pullRequest } from './asked.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'

/** A file system of 40 MB under the database, whose log alone may take 16; false where nobody lets us have one. */
function isSmall(grounds: Grounds): boolean {
  const folder = join(grounds.folder, 'data')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function fills(grounds: Grounds): string {
  const [folder, filler] = [join(grounds.folder, 'data'), join(grounds.folder, 'data/filler')]
  const { bavail, bsize } = statfsSync(folder)
  try {
    writeFileSync(filler, Buffer.alloc(bavail * bsize))
  } catch {
    // Full is full.
  }
  return filler
}

const COMMANDS = 20

/** What tells of these comments; those that the bot has written meanwhile are told as well. */
const deliveriesOf = (sent: readonly Delivery[], comments: readonly Comment[]): readonly Delivery[] =>
  sent.filter(
    ({ event, payload }) => event === 'issue_comment' && comments.some(({ id }) => (payload as { comment?: { id: number } }).comment?.id === id),
  )

async function onFullDisk(grounds: Grounds, checks: Checks): Promise<string> {
  const { github, pull } = grounds
  checks.that((await asks(grounds, github.people.ada, '/deploy staging')) === 'success', 'it does not work at all')
  const filler = fills(grounds)
  const asked = Array.from({ length: COMMANDS }, () => github.people.ada.comments(pull, '/deploy staging'))
  const sent = deliveriesOf(await grounds.delivers(), asked)
  const refused = sent.filter(({ attempts }) => attempts[0]?.status === 503).length
  checks.that(
    sent.every(({ attempts }) => [202, 204, 503].includes(attempts[0]?.status ?? 0)),
    `statuses ${sent.map(({ attempts }) => attempts[0]?.status).join()}`,
  )
  checks.that(refused > 0, 'nothing was refused: was the disk full?')
  const acknowledged = asked.filter((comment) => grounds.rows('select 1 from delivery where key = ?', keyOf(grounds, comment)).length > 0).length
  checks.that(acknowledged === asked.length - refused, `${asked.length - refused} acknowledged, ${acknowledged} stored`)
  checks.that(!(await grounds.isAlive()), '/healthz is green on a full disk')
  checks.that(grounds.gantry.child.exitCode === null, 'the process has ended')
  rmSync(filler)
  checks.that(await eventually(() => grounds.isAlive()), '/healthz stays red when there is room again')
  checks.that((await asks(grounds, github.people.grace, '/deploy staging')) === 'success', 'it does not go on when there is room again')
  // What was refused is fetched at the next look through GitHub's list: at a start, and every five minutes.
  await grounds.gantry.stops()
  await grounds.starts()
  const isDone = () => asked.every((comment) => fateOf(grounds, comment).length === 1)
  checks.that(await eventually(isDone, 30), `${asked.filter((comment) => fateOf(grounds, comment).length === 0).length} commands were lost`)
  checks.that(await comesToRest(grounds), 'it has not come to rest')
  return `${refused} of ${COMMANDS} answered 503 and fetched later`
}

const h07: Scenario = {
  id: 'H07',
  tried:
    'the disk is full (a file system of 40 MB), then has room again; another program holds the database for 7 s (not: read-only remount, errors at the n-th call)',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    await grounds.gantry.stops()
    if (!isSmall(grounds)) return { outcome: 'left out: mounting a small file system needs root', holds: null }
    try {
      await grounds.starts()
      const seen = await onFullDisk(grounds, checks)
      const other = new DatabaseSync(join(grounds.folder, 'data/gantry.db'))
      other.exec('begin immediate')
      const asked = github.people.ada.comments(pull, '/deploy staging')
      const sending = grounds.delivers()
      await new Promise((resolve) => setTimeout(resolve, 7_000))
      other.exec('rollback')
      other.close()
      const [delivery] = deliveriesOf(await sending, [asked])
      const status = delivery?.attempts.at(-1)?.status ?? 0
      checks.that(status === 202 || status === 503, `while the database was held: ${status}`)
      if (status === 503) await grounds.sends(delivery!)
      checks.that(inWords(await fate(grounds, keyOf(grounds, asked))) === 'success', 'it does not go on after the database was held')
      return checks.finding(`${seen}; a held database was answered ${status}`)
    } finally {
      await grounds.gantry.stops('SIGKILL')
      execFileSync('umount', ['-l', join(grounds.folder, 'data')])
    }
  }),
}

const OUTAGE = 20_000

const h11: Scenario = {
  id: 'H11',
  tried: `GitHub is away for ${OUTAGE / 1000} s (of the 30 minutes) in the middle: the target is done meanwhile, and nothing can be written`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const hold = holdsUp(grounds)
    const asked = github.people.ada.comments(pull, '/deploy staging')
    await grounds.delivers()
    checks.that(await hold.isHeld(), 'it is not under way')
    checks.that(await eventually(() => github.repository.deployments.length === 1), 'GitHub was not told of its begin')
    const outage = github.drops().always()
    hold.letsGo()
    checks.that(inWords(await fate(grounds, keyOf(grounds, asked))) === 'success', 'the deployment needed GitHub')
    checks.that((await (await fetch(await grounds.site())).text()) === 'version 1.2', 'it is not served')
    const states = () => github.repository.deployments.flatMap(({ statuses }) => statuses.map(({ state }) => state))
    await new Promise((resolve) => setTimeout(resolve, OUTAGE))
    checks.that(!states().includes('success'), 'GitHub was not away')
    outage.over()
    checks.that(
      await eventually(() => states().includes('success') && grounds.said()[0]?.body.startsWith('✅') === true, 120),
      'GitHub was never told of its end',
    )
    checks.that(
      await eventually(() => github.repository.checks.every(({ conclusion }) => conclusion === 'success'), 60),
      'the check run is still open',
    )
    checks.that(new Set(states()).size === states().length, `statuses ${states().join()}`)
    checks.that(states().at(-1) === 'success', `statuses ${states().join()}`)
    checks.that(grounds.said().length === 1, `${grounds.said().length} comments`)
    github.verdict()
    await checks.isAlive(grounds)
    return checks.finding(`deployed meanwhile; then told once and in order: ${states().join(', ')}`)
  }),
}

const COMMENTS = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments'
const STATUSES = 'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses'

const LAG = 15_000

const h12: Scenario = {
  id: 'H12',
  tried: `killed as soon as GitHub has a comment, check run or Deployment that lists do not show for ${LAG / 1000} s; 404 for a Deployment that was just made`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    const MOMENTS = [
      (nth: number) => grounds.said().length >= nth,
      (nth: number) => github.repository.checks.length >= nth,
      (nth: number) => github.repository.deployments.length >= nth,
    ]
    for (const [index, isSo] of MOMENTS.entries()) {
      await registry.has(`acme/shop:e${index}`, { 'site/index.html': `version e${index}` })
      github.people.ada.comments(pull, `/deploy staging :e${index}`)
      const lag = new Promise((resolve) => setTimeout(resolve, LAG + 1_000))
      github.lags(LAG, COMMENTS, 'query', 'GET /repos/{owner}/{repo}/deployments')
      if (index === 2) github.answers(404).to(STATUSES)
      const sending = grounds.delivers().catch(() => [])
      await grounds.isKilledOnce(() => isSo(index + 1))
      await sending
      await grounds.startsAgain()
      const isDone = () => grounds.said().filter(({ body }) => body.startsWith('✅')).length >= index + 1
      checks.that(await eventually(isDone, 90), `round ${index}: the answer is missing`)
      await lag
    }
    checks.that(await comesToRest(grounds), 'it has not come to rest')
    checks.that(await eventually(() => github.repository.checks.every(({ conclusion }) => conclusion !== null), 60), 'a check run is still open')
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const counts = [grounds.said().length, github.repository.checks.length, github.repository.deployments.length]
    checks.that(
      counts.every((count) => count === MOMENTS.length),
      `${counts[0]} comments, ${counts[1]} check runs, ${counts[2]} Deployments, where ${MOMENTS.length} of each are right: ${grounds
        .said()
        .map(({ body }) => body.slice(0, 1))
        .join(' ')}`,
    )
    checks.that(grounds.rows('select 1 from deployment').length === MOMENTS.length, 'a command was lost or doubled')
    await checks.isAlive(grounds)
    return checks.finding('one comment, check run and Deployment of each')
  }),
}

/** What somebody does while a deployment is under way. */
const MEDDLING: Readonly<Record<string, (grounds: Grounds, pull: Issue) => void>> = {
  'deletes our comment': (grounds, pull) => grounds.said(pull).forEach((comment) => grounds.github.people.grace.deletes(comment)),
  'deletes our check run': ({ github }) => void github.repository.checks.splice(-1),
  'deletes our Deployment': ({ github }) => void github.repository.deployments.splice(-1),
  'closes the pull request': ({ github }, pull) => github.people.grace.closes(pull),
  'deletes the branch': ({ github }, pull) => void github.repository.branches.delete(pull.pull?.headBranch ?? ''),
  'edits our comment': (grounds, pull) => grounds.said(pull).forEach((comment) => grounds.github.people.grace.edits(comment, 'nothing to see')),
}

const h13: Scenario = {
  id: 'H13',
  tried: `in the middle of a deployment somebody ${Object.keys(MEDDLING).join(', ')}`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry } = grounds
    for (const [nth, [what, meddles]] of Object.entries(MEDDLING).entries()) {
      await registry.has(`acme/shop:m${nth}`, { 'site/index.html': `version m${nth}` })
      const pull = await pullRequest(grounds, github.people.ada, `meddled-${nth}`)
      const hold = holdsUp(grounds)
      const asked = github.people.ada.comments(pull, `/deploy staging :m${nth}`)
      await grounds.delivers()
      checks.that(await hold.isHeld(), `${what}: it is not under way`)
      const made = github.repository.deployments.length
      await eventually(() => grounds.said(pull).length === 1 && github.repository.deployments.length >= made, 10)
      meddles(grounds, pull)
      await grounds.delivers()
      hold.letsGo()
      const came = inWords(await fate(grounds, keyOf(grounds, asked)))
      checks.that(came === 'success', `${what}: it came to ${came}`)
      checks.that((await (await fetch(await grounds.site())).text()) === `version m${nth}`, `${what}: it is not served`)
      const isTold = () => grounds.rows('select 1 from announcement where is_complete = 0').length === 0
      checks.that(await eventually(isTold, 60), `${what}: it never stops telling`)
      checks.that(grounds.said(pull).length <= 1, `${what}: ${grounds.said(pull).length} comments`)
    }
    await checks.isAlive(grounds)
    return checks.finding('each deployment ended, was served, and was told at most once')
  }),
}

export const troubles: readonly Scenario[] = [h07, h11, h12, h13]
