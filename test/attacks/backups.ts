import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readSqlite } from '../../src/runtime/sqlite.ts'
import { startWriter, wholeWrites } from '../world/backup-writer.ts'
import { furnish, stateOf, types } from '../world/backups.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { Grounds, eventually } from '../world/grounds.ts'
import { BACKUP_MOMENTS, killedOnce, RESTORE_MOMENTS } from '../world/killed-backup.ts'
import { Random } from '../world/random.ts'
import { keysText } from '../world/vault-rotation.ts'
import { newKey, said, credential, vaultOver } from '../world/vault.ts'
import { Checks, type Finding, type Scenario } from './scenario.ts'

const MAIN = fileURLToPath(new URL('../../src/main.mjs', import.meta.url))
const KEY = newKey('k1')
const environment = { GANTRY_KEYS: keysText(KEY), GANTRY_BACKUPS: 'off' }
const TIMES = 100
const KILLS = 10
const WHOLE = JSON.stringify([{ integrity_check: 'ok' }])

/** An installation in a folder of its own, and `gantry` as people type it there. */
class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'gantry-attack-backup-'))
  readonly data = join(this.folder, 'data')
  readonly database = join(this.data, 'gantry.db')

  async types(...words: string[]): Promise<{ readonly code: number; readonly output: string }> {
    const typed = new GantryProcess({ folder: this.folder, words, environment })
    return { code: await typed.ended, output: typed.output }
  }

  /** The content's hash, as the commands print it. */
  static contentIn(output: string): string | undefined {
    return /content ([0-9a-f]{16})/.exec(output)?.[1]
  }

  /** What would go on after a start. */
  unfinished(): number {
    const sql = readSqlite(this.database)
    const query = `select (select count(*) from deployment where ended_at is null) + (select count(*) from delivery where handled_at is null) as n`
    const [row] = sql.all<{ n: number }>(query)
    sql.close()
    return row?.n ?? -1
  }
}

function inInstallations(work: (one: Installation, other: Installation, checks: Checks) => Promise<string>): () => Promise<Finding> {
  return async () => {
    const [one, other, checks] = [new Installation(), new Installation(), new Checks()]
    try {
      await furnish(one.data, KEY, 100)
      return checks.finding(await work(one, other, checks))
    } finally {
      for (const { folder } of [one, other]) rmSync(folder, { recursive: true, force: true })
    }
  }
}

const i01: Scenario = {
  id: 'I01',
  tried: `${TIMES} backups under 500 writes a second, each restored; kill -9 and a full disk in the middle of one`,
  run: inInstallations(async (live, copy, checks) => {
    const writer = await startWriter(live.database, 500)
    const counts: number[] = []
    for (let nth = 0; nth < TIMES; nth++) {
      const file = join(live.folder, `b${nth}`)
      const made = await live.types('backup', file)
      checks.that(made.code === 0, `backup ${nth}: ${made.output}`)
      const restored = await copy.types('restore', file, ...(nth === 0 ? [] : ['--replace']))
      checks.that(restored.code === 0, `restore ${nth}: ${restored.output}`)
      checks.that(Installation.contentIn(made.output) === Installation.contentIn(restored.output), `restore ${nth} has another content`)
      counts.push(wholeWrites(copy.database) ?? -1)
      checks.that(copy.unfinished() === 0, `restore ${nth} would go on with something`)
      for (const name of readdirSync(copy.data)) if (name.includes('before-restore')) rmSync(join(copy.data, name))
      rmSync(file)
    }
    const written = await writer.stop()
    checks.that(
      counts.every((count, nth) => count >= (counts[nth - 1] ?? 0)) && counts[0] !== -1 && (counts.at(-1) ?? 0) <= written,
      'a backup is of no one moment',
    )
    const kills = await killed(live, checks)
    const full = fullDisks(live, checks)
    return `${TIMES} backups beside ${written} writes, and ${TIMES} restores with the same content; ${kills} killed, ${full} without room: none looks finished`
  }),
}

async function killed(live: Installation, checks: Checks): Promise<number> {
  const random = new Random(1)
  const file = join(live.folder, 'new.backup')
  let kills = 0
  for (const [when, moment] of Object.entries(BACKUP_MOMENTS)) {
    for (let nth = 0; nth < KILLS; nth++) {
      rmSync(file, { force: true })
      kills += Number(await killedOnce(moment, random, { folder: live.folder, words: ['backup', 'new.backup'], environment }))
      if (existsSync(file))
        checks.that((await live.types('restore', file, '--check')).code === 0, `killed once ${when}: it looks finished and is not`)
    }
  }
  rmSync(file, { force: true })
  checks.that((await live.types('backup', file)).code === 0, 'what was killed stands in the way')
  return kills
}

/** A process that may write so much and no more into one file. */
function fullDisks(live: Installation, checks: Checks): number {
  const file = join(live.folder, 'full.backup')
  // The last one has room for the copy, and not for the copy with its manifest.
  const [, bytes] = /"bytes":(\d+)/.exec(readFileSync(join(live.folder, 'new.backup'), 'latin1')) ?? []
  const blocks = Math.ceil(Number(bytes) / 512)
  const limits = [8, blocks >> 1, blocks + 1]
  for (const limit of limits) {
    const line = `ulimit -f ${limit}; exec '${process.execPath}' '${MAIN}' backup full.backup`
    const { status, stderr } = spawnSync('sh', ['-c', line], {
      cwd: live.folder,
      env: { PATH: process.env['PATH'], ...environment },
      encoding: 'utf8',
    })
    // With the least of it not even SQLite's own index of what is not yet in the file has room.
    checks.that(status === 1 && /could not be read or written|cannot be read/.test(stderr), `no room beyond ${limit} blocks: ${status} ${stderr}`)
    checks.that(!existsSync(file) && !existsSync(`${file}.part`), `no room beyond ${limit} blocks: a file is there`)
  }
  return limits.length
}

const i02: Scenario = {
  id: 'I02',
  tried: 'a flipped bit at 40 places, cuts, additions, parts of two backups, an older file renamed, another installation’s, another key’s',
  run: inInstallations(async (one, other, checks) => {
    await furnish(other.data, KEY)
    const [good, foreign] = [join(one.folder, 'good'), join(other.folder, 'foreign')]
    await one.types('backup', good)
    await one.types('backup', join(one.folder, 'second'))
    await one.types('backup')
    await other.types('backup', foreign)
    const [older] = readdirSync(join(one.data, 'backups'))
    const before = stateOf(one.data)
    const refused = async (what: string, file: string, keys = environment): Promise<void> => {
      const typed = new GantryProcess({ folder: one.folder, words: ['restore', file, '--replace'], environment: keys })
      checks.that((await typed.ended) === 1 && /\n {2}next: /.test(typed.output), `${what}: ${typed.output}`)
      checks.that(JSON.stringify(stateOf(one.data)) === JSON.stringify(before), `${what}: the database was touched`)
    }
    const bytes = readFileSync(good)
    const bad = join(one.folder, 'bad')
    for (const [what, content] of changes(bytes, readFileSync(join(one.folder, 'second')))) {
      writeFileSync(bad, content)
      await refused(what, bad)
    }
    const renamed = join(one.folder, 'gantry-2030-01-01T00-00-00.000Z.backup')
    copyFileSync(join(one.data, 'backups', older ?? ''), renamed)
    await refused('renamed', renamed)
    await refused('another installation’s', foreign)
    await refused('without its key', good, { ...environment, GANTRY_KEYS: keysText(newKey('k2')) })
    await refused('another key of that name', good, { ...environment, GANTRY_KEYS: keysText(newKey('k1')) })
    checks.that((await one.types('restore', good, '--replace')).code === 0, 'the good one is not restored')
    return 'all refused before the database was touched, with the next step; the untouched file is restored'
  }),
}

function changes(bytes: Buffer, second: Buffer): readonly (readonly [string, Buffer])[] {
  const random = new Random(2)
  const flips = Array.from({ length: 40 }, (_, nth) => {
    const flipped = Buffer.from(bytes)
    const at = nth < 10 ? nth * 60 : random.below(bytes.length)
    flipped[at]! ^= 1 << random.below(8)
    return [`a flipped bit in byte ${at}`, flipped] as const
  })
  const head = bytes.indexOf('\n', bytes.indexOf('\n') + 1) + 1
  return [
    ...flips,
    ...[1, 16, 1000, bytes.length >> 1].map((less) => [`${less} bytes too few`, bytes.subarray(0, -less)] as const),
    ['a byte too many', Buffer.concat([bytes, Buffer.of(10)])],
    ['its content twice', Buffer.concat([bytes, bytes.subarray(head)])],
    ['the manifest of one, the content of another', Buffer.concat([bytes.subarray(0, head), second.subarray(head)])],
  ]
}

const i03: Scenario = {
  id: 'I03',
  tried: `restored to an empty machine and to the same one, with and without the key; kill -9 in the middle; then started (Workers: left out, they have no command line)`,
  run: async () => {
    const grounds = await Grounds.open(environment)
    const checks = new Checks()
    const installation = new Installation()
    try {
      grounds.github.people.ada.comments(grounds.pull, '/deploy')
      await grounds.delivers()
      checks.that(await eventually(() => grounds.said().at(-1)?.body.startsWith('✅') ?? false), 'nothing was deployed')
      const file = join(installation.folder, 'backup')
      const made = await types(grounds, environment, 'backup', file)
      const moved = await installation.types('restore', file)
      checks.that(Installation.contentIn(moved.output) === Installation.contentIn(made.output), `an empty machine: ${moved.output}`)
      const without = await types(grounds, {}, 'restore', file, '--check')
      checks.that(without.code === 1 && /encrypted under the key k1/.test(without.output), `without the key: ${without.output}`)

      await grounds.gantry.stops('SIGKILL')
      const kills = await restoresKilled(grounds, file, checks)
      checks.that((await types(grounds, environment, 'restore', file, '--replace')).code === 0, 'it cannot be restored after all')
      const before = shown(grounds)
      await grounds.startsAgain(environment)
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      checks.that(shown(grounds) === before, `the start said or did something: ${shown(grounds)} and not ${before}`)
      checks.that((await (await fetch(await grounds.site())).text()) === 'version 1.2', 'another version is served')
      await checks.isAlive(grounds)
      const secrets = await credentials(checks)
      return checks.finding(`the same content; ${kills} restores killed, the database always whole; ${secrets}; nothing deployed, nothing said`)
    } finally {
      await grounds.closes()
      rmSync(installation.folder, { recursive: true, force: true })
    }
  },
}

async function restoresKilled(grounds: Grounds, file: string, checks: Checks): Promise<number> {
  const random = new Random(3)
  let kills = 0
  for (const [when, moment] of Object.entries(RESTORE_MOMENTS)) {
    for (let nth = 0; nth < KILLS; nth++) {
      for (const name of readdirSync(join(grounds.folder, 'data'))) if (name.includes('before-restore')) rmSync(join(grounds.folder, 'data', name))
      const words = ['restore', file, '--replace']
      kills += Number(await killedOnce(moment, random, { folder: grounds.folder, words, environment }))
      const verified = await types(grounds, environment, 'audit', 'verify')
      checks.that(verified.code === 0 && JSON.stringify(grounds.rows('pragma integrity_check')) === WHOLE, `killed once ${when}: ${verified.output}`)
    }
  }
  return kills
}

/** Everything that people see and that runs, by how much of it there is. */
const shown = ({ github, pull, registry }: Grounds): string => {
  const { deployments, checks } = github.repository
  const bodies = pull.comments.flatMap((comment) => comment.bodies).length
  return JSON.stringify([pull.comments.length, bodies, checks.length, deployments.map(({ statuses }) => statuses.length), registry.requests.length])
}

async function credentials(checks: Checks): Promise<string> {
  const [from, to] = [new Installation(), new Installation()]
  try {
    await furnish(from.data, KEY)
    await from.types('backup', 'b')
    await to.types('restore', join(from.folder, 'b'))
    const sql = readSqlite(to.database)
    checks.that((await said(vaultOver(sql, KEY), credential('ghcr'))) === 'canary-of-the-vault', 'the secret does not open with its key')
    checks.that(/VAULT_KEY_MISSING/.test((await said(vaultOver(sql), credential('ghcr'))) ?? ''), 'the secret opens without its key')
    sql.close()
    return 'secrets open with the key alone'
  } finally {
    for (const { folder } of [from, to]) rmSync(folder, { recursive: true, force: true })
  }
}

const i04: Scenario = {
  id: 'I04',
  tried: 'a stolen backup, looked through without the key for names, people, images, secrets and SQLite’s own words',
  run: inInstallations(async (one, _other, checks) => {
    const canary = randomBytes(16).toString('hex')
    const sql = new (await import('node:sqlite')).DatabaseSync(one.database)
    sql.exec(`update deployment set request = replace(request, 'ada', '${canary}'); update log_line set line = '${canary}'`)
    sql.close()
    mkdirSync(join(one.folder, 'away'))
    await one.types('backup', 'away/stolen')
    const bytes = readFileSync(join(one.folder, 'away/stolen')).toString('latin1')
    const words = [
      canary,
      'canary-of-the-vault',
      'ghcr.io/acme',
      'acme/shop',
      'staging',
      'deployment',
      'repository_audit',
      'create table',
      'SQLite format',
    ]
    const texts = [bytes, ...[0, 1, 2].map((skip) => Buffer.from(bytes.slice(skip), 'base64').toString('latin1'))]
    // The manifest counts deployments.
    const hits = words.filter((word) => texts.some((text) => text.replace('"deployments"', '').includes(word)))
    checks.that(hits.length === 0, `found ${hits.join(', ')}`)
    checks.that((statSync(join(one.folder, 'away/stolen')).mode & 0o777) === 0o600, 'others may read it')
    checks.that(!readdirSync(one.data).includes('backup.work'), 'a copy that is not encrypted was left behind')
    return `0 of ${words.length} words are in its ${bytes.length} bytes`
  }),
}

export const backups: readonly Scenario[] = [i01, i02, i03, i04]
