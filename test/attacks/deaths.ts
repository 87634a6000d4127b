import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, appendFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { accountMigrations, repositoryMigrations } from '../../src/store/migrations.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { Random } from '../world/random.ts'
import { comesToRest, fate, holdsUp, inWords, keyOf } from './asked.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Finding, Scenario } from './scenario.ts'

const CRASH = fileURLToPath(new URL('../crash/main.ts', import.meta.url))

/** The crash simulation in a process of its own; it ends with one line of JSON. */
async function simulation(...words: string[]): Promise<Finding> {
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [CRASH, ...words, '--json'], { maxBuffer: 64_000_000 }, (_error, stdout, stderr) => resolve(stdout.trim() || stderr))
  })
  const checks = new Checks()
  const found = JSON.parse(said.split('\n').at(-1) ?? '{}') as Record<string, number>
  for (const kind of ['lost', 'doubled', 'stale', 'broken'])
    checks.that(found[kind] === 0, `${found[kind]} ${kind}: npm run crash -- ${words.join(' ')}`)
  return checks.finding(`${found['worlds']} worlds, ${found['crashes']} crashes: 0 lost, 0 doubled, 0 stale; all of it is npm run crash`)
}

const h01: Scenario = {
  id: 'H01',
  tried: 'a death before and after every crossing of the doors on one path, in the simulation (npm run crash has every path, 1,000 seeds)',
  run: () => simulation('--path', 'static by label', '--seed', '1'),
}

const h02: Scenario = {
  id: 'H02',
  tried: 'deaths at any time, and more of them while the process finds its way back, in 200 worlds of the simulation',
  run: () => simulation('--path', 'none', '--seeds', '200'),
}

const KILLS = 20

const h03: Scenario = {
  id: 'H03',
  tried: `kill -9 at ${KILLS} random moments of ${KILLS} deployments, with real HTTP`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    const random = new Random(3)
    const starts: number[] = []
    for (let nth = 1; nth <= KILLS; nth++) {
      await registry.has(`acme/shop:k${nth}`, { 'site/index.html': `version k${nth}` })
      github.people.ada.comments(pull, `/deploy staging :k${nth}`)
      const sending = grounds.delivers().catch(() => [])
      await new Promise((resolve) => setTimeout(resolve, random.below(700)))
      await grounds.gantry.stops('SIGKILL')
      await sending
      const begun = performance.now()
      await grounds.startsAgain()
      starts.push(performance.now() - begun)
      checks.that(!/"level":(50|60)/.test(grounds.gantry.output), 'the log has errors')
    }
    checks.that(await comesToRest(grounds, 60), 'it has not come to rest')
    // What found nobody listening is fetched from GitHub's list, a minute after the start at the latest.
    checks.that(
      await eventually(() => grounds.rows('select 1 from deployment where ended_at is not null').length === KILLS, 90),
      'a command was lost or doubled',
    )
    const states = grounds.rows('select distinct state from deployment').map(({ state }) => state)
    checks.that(
      states.every((state) => state === 'success' || state === 'superseded'),
      `states ${states.join()}`,
    )
    checks.that((await (await fetch(await grounds.site())).text()) === `version k${KILLS}`, 'the site does not show the last one')
    checks.that(await eventually(() => github.repository.checks.every(({ conclusion }) => conclusion !== null), 90), 'a check run is still open')
    checks.that(github.repository.deployments.length <= KILLS, `${github.repository.deployments.length} deployments on GitHub`)
    github.verdict()
    const slowest = Math.max(...starts)
    checks.that(slowest <= 10_000, `a start took ${slowest.toFixed(0)} ms`)
    return checks.finding(`0 lost, 0 doubled; ready within ${slowest.toFixed(0)} ms`)
  }),
}

const STOPS: readonly (readonly NodeJS.Signals[])[] = [['SIGTERM'], ['SIGTERM', 'SIGTERM'], ['SIGINT'], ['SIGINT', 'SIGTERM']]

const h04: Scenario = {
  id: 'H04',
  tried: `${STOPS.map((signals) => signals.join(' and ')).join(', ')} in the middle of a deployment`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, registry, pull } = grounds
    const times: number[] = []
    for (const [nth, signals] of STOPS.entries()) {
      await registry.has(`acme/shop:s${nth}`, { 'site/index.html': `version s${nth}` })
      const hold = holdsUp(grounds)
      const asked = github.people.ada.comments(pull, `/deploy staging :s${nth}`)
      await grounds.delivers()
      checks.that(await hold.isHeld(), 'it is not under way')
      const begun = performance.now()
      for (const signal of signals) {
        grounds.gantry.child.kill(signal)
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
      const code = await grounds.gantry.ended
      times.push(performance.now() - begun)
      // Whoever asks a second time does not want to wait.
      checks.that(code === 0 || code === 130 || code === 143 || (signals.length > 1 && code === 1), `${signals.join()}: it ended with ${code}`)
      checks.that(times.at(-1)! <= 10_000, `${signals.join()}: it took ${times.at(-1)!.toFixed(0)} ms`)
      checks.that(
        !grounds.said().some(({ bodies }) => bodies.some((body) => /cancel/i.test(body.split('\n')[0] ?? ''))),
        'it said that it was cancelled',
      )
      hold.letsGo()
      await grounds.starts()
      const came = inWords(await fate(grounds, keyOf(grounds, asked)))
      checks.that(came === 'success', `${signals.join()}: it came to ${came}`)
      checks.that((await (await fetch(await grounds.site())).text()) === `version s${nth}`, 'it is not served')
    }
    checks.that(
      await eventually(() => github.repository.deployments.every(({ statuses }) => /success|inactive/.test(statuses.at(-1)?.state ?? ''))),
      'a Deployment is not told as success',
    )
    checks.that(
      github.repository.deployments.every(({ statuses }) => statuses.every(({ state }) => state !== 'error' && state !== 'failure')),
      'a failure was told',
    )
    await checks.isAlive(grounds)
    return checks.finding(`ended after ${times.map((time) => `${(time / 1000).toFixed(1)} s`).join(', ')}; each went on after the start`)
  }),
}

const CUTS = 24

/** A copy of the database as it would be found after the power came back. */
function copyOf(grounds: Grounds): { readonly folder: string; readonly database: string; readonly wal: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-power-'))
  mkdirSync(join(folder, 'data'))
  const [database, wal] = ['gantry.db', 'gantry.db-wal'].map((name) => join(folder, 'data', name)) as [string, string]
  copyFileSync(join(grounds.folder, 'data/gantry.db'), database)
  const from = join(grounds.folder, 'data/gantry.db-wal')
  if (existsSync(from)) copyFileSync(from, wal)
  return { folder, database, wal }
}

function look(database: string): { readonly isWhole: boolean; readonly keys: readonly string[] } {
  const sql = new DatabaseSync(database)
  const isWhole = sql.prepare('pragma integrity_check').get()?.['integrity_check'] === 'ok'
  const keys = sql
    .prepare('select key from delivery order by sequence')
    .all()
    .map(({ key }) => String(key))
  sql.close()
  return { isWhole, keys }
}

const h08: Scenario = {
  id: 'H08',
  tried: `the power fails: the log's tail is missing at ${CUTS} lengths, torn in its last frame, or followed by half a frame that was never synced`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    for (let nth = 0; nth < 60; nth++) github.people.ada.comments(pull, nth % 20 === 0 ? '/deploy staging' : '/status')
    await grounds.delivers()
    await grounds.gantry.stops('SIGKILL')
    const all = look(copyOf(grounds).database).keys
    const { size } = statSync(join(grounds.folder, 'data/gantry.db-wal'))
    const random = new Random(8)
    for (let cut = 0; cut < CUTS; cut++) {
      const { folder, database, wal } = copyOf(grounds)
      const isTail = cut % 3 === 0
      // Half a frame that was being written when the power went: all that was acknowledged is before it.
      if (isTail) appendFileSync(wal, readFileSync(wal).subarray(size - 4_120, size - random.below(4_000)))
      else truncateSync(wal, random.below(size))
      const { isWhole, keys } = look(database)
      checks.that(isWhole, `cut ${cut}: the database is damaged`)
      checks.that(
        keys.every((key, index) => key === all[index]),
        `cut ${cut}: there is a gap`,
      )
      if (isTail) checks.that(keys.length === all.length, `cut ${cut}: an acknowledged command is gone`)
      rmSync(folder, { recursive: true })
    }
    await grounds.starts()
    checks.that(await comesToRest(grounds, 60), 'it has not come to rest')
    checks.that(grounds.rows(`select 1 from deployment where state = 'success'`).length === 3, 'a deployment is missing')
    await checks.isAlive(grounds)
    return checks.finding(`opened whole ${CUTS} times, without a gap; what was synced was there`)
  }),
}

const h10: Scenario = {
  id: 'H10',
  tried: 'a second process on the same database, started while the first one deploys, three times',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const hold = holdsUp(grounds)
    const asked = github.people.ada.comments(pull, '/deploy staging')
    await grounds.delivers()
    checks.that(await hold.isHeld(), 'it is not under way')
    for (let time = 0; time < 3; time++) {
      const second = new GantryProcess({ folder: grounds.folder, environment: grounds.variables })
      const code = await second.ended
      checks.that(code !== 0, 'the second one started')
      checks.that(/Another Gantry process is using the database/.test(second.output), `it says ${second.output.slice(-200)}`)
      checks.that(!/\n {4}at /.test(second.output), 'it shows a stack')
    }
    hold.letsGo()
    const came = inWords(await fate(grounds, keyOf(grounds, asked)))
    checks.that(came === 'success', `the first one's came to ${came}`)
    checks.that(await eventually(() => grounds.said().length === 1 && grounds.said()[0]!.body.startsWith('✅')), 'the answer is missing')
    checks.that(github.repository.deployments.length === 1, `${github.repository.deployments.length} deployments`)
    await checks.isAlive(grounds)
    return checks.finding('refused three times, naming the reason; the first one was not disturbed')
  }),
}

const FIXTURES = fileURLToPath(new URL('../../fixtures/migrations/', import.meta.url))

/** The database of a process of that version, with everything that it had under way. */
function olderDatabase(grounds: Grounds, version: number): void {
  rmSync(join(grounds.folder, 'data'), { recursive: true, force: true })
  mkdirSync(join(grounds.folder, 'data'))
  const sql = new DatabaseSync(join(grounds.folder, 'data/gantry.db'))
  for (const [table, migrations] of [
    ['repository_migration', repositoryMigrations],
    ['account_migration', accountMigrations],
  ] as const) {
    sql.exec(`create table ${table} (version integer primary key) strict`)
    for (const [index, statements] of migrations.slice(0, version).entries()) {
      for (const statement of statements) sql.exec(statement)
      sql.prepare(`insert into ${table} values (?)`).run(index + 1)
    }
  }
  const [sample = ''] = readdirSync(FIXTURES).filter((name) => name.startsWith(String(version).padStart(4, '0')))
  for (const statement of readFileSync(join(FIXTURES, sample), 'utf8').split(/;\n/)) if (/^insert/m.test(statement)) sql.exec(statement)
  // What waits behind an outcome that nobody knows would wait on; somebody has looked at it by now.
  sql.exec('update deployment set settled_at = 1')
  sql.close()
}

const h16: Scenario = {
  id: 'H16',
  tried: 'a start on the database of every older version, with work under way; kill -9 during the migration; a database of a newer version',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const versions = readdirSync(FIXTURES).length
    const random = new Random(16)
    for (let version = 1; version <= versions; version++) {
      await grounds.gantry.stops('SIGKILL')
      olderDatabase(grounds, version)
      for (let kill = 0; kill < 5; kill++) {
        const doomed = new GantryProcess({ folder: grounds.folder, environment: grounds.variables })
        await eventually(() => existsSync(join(grounds.folder, 'data/gantry.db-wal')), 5)
        await new Promise((resolve) => setTimeout(resolve, random.below(60)))
        await doomed.stops('SIGKILL')
      }
      await grounds.starts()
      checks.that(await grounds.isAlive(), `version ${version}: it does not answer`)
      const open = () => grounds.rows(`select state from deployment where ended_at is null and state <> 'waiting'`).map(({ state }) => state)
      // The target of those rows is none of this operator's, so what was under way is told as failed and not forgotten.
      checks.that(await eventually(() => open().length === 0, 60), `version ${version}: still open: ${open().join()}`)
      checks.that(grounds.rows('pragma integrity_check')[0]?.['integrity_check'] === 'ok', `version ${version}: damaged`)
      checks.that(grounds.rows('select 1 from deployment').length >= 4, `version ${version}: rows are missing`)
    }
    await grounds.gantry.stops()
    grounds.rewrites(`insert into repository_migration values (?)`, 9_999)
    const newer = new GantryProcess({ folder: grounds.folder, environment: grounds.variables })
    checks.that((await newer.ended) !== 0, 'it started on a newer database')
    checks.that(/newer/.test(newer.output), `it says ${newer.output.slice(-200)}`)
    checks.that(!/\n {4}at /.test(newer.output), 'it shows a stack')
    return checks.finding(`${versions} versions migrated and went on, with 5 kills each; the newer one was refused`)
  }),
}

export const deaths: readonly Scenario[] = [h01, h02, h03, h04, h08, h10, h16]
