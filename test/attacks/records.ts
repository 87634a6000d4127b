import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/secret.ts'
import { readAuditMac } from '../../src/store/audit-key.ts'
import { appendRepository, macUnder, verifyAudit } from '../../src/store/audit.ts'
import type { AuditHead } from '../../src/deploy/audit.ts'
import type { Row } from '../../src/store/sql.ts'
import { eventually } from '../world/grounds.ts'
import { HMAC } from '../world/mac.ts'
import { Random } from '../world/random.ts'
import { vaultOver } from '../world/vault.ts'
import { asks, comesToRest, keyOf } from './asked.ts'
import { BROKEN, DOUBTFUL, RightSetUp, type Breakage } from '../world/broken-set-ups.ts'
import { Checks } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { found, onSealed, opened, PASSWORD } from './sealed.ts'
import type { Sealed } from './sealed.ts'

const LENGTH = 1_000
const MUTATIONS = 5_000
const THROUGH_THE_PROGRAM = 20
const COLUMNS = ['at', 'repository', 'person', 'login', 'action', 'subject', 'before', 'after', 'why', 'request', 'mac'] as const
const ALL = `number, ${COLUMNS.join(', ')}`

async function macsOf(stage: Sealed, sql: ReturnType<typeof opened>) {
  const [id = '', key = ''] = stage.keys.split(':')
  return [await readAuditMac(vaultOver(sql, { id, key: new Secret(key) }), HMAC), macUnder(HMAC, null)]
}

/** Another value of the same kind, as near to the old one as can be. */
function other(value: Row[string], random: Random): Row[string] {
  if (typeof value === 'number') return value + random.pick([-1, 1])
  if (typeof value !== 'string' || value === '') return 'x'
  const at = random.below(value.length)
  return random.pick([
    value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ 1) + value.slice(at + 1),
    value.slice(0, at) + value.slice(at + 1),
    `${value} `,
    null,
  ])
}

const MOVES: readonly (readonly [what: string, statements: (number: number) => readonly string[], brokenAt: (number: number) => number])[] = [
  ['deleted', (n) => [`delete from repository_audit where number = ${n}`], (n) => n],
  ['deleted, and the rest moved up', (n) => [`delete from repository_audit where number = ${n}`, `update repository_audit set number = -number where number > ${n}`, `update repository_audit set number = -number - 1 where number < 0`], (n) => n],
  ['swapped with the next', (n) => [`update repository_audit set number = -1 where number = ${n}`, `update repository_audit set number = ${n} where number = ${n + 1}`, `update repository_audit set number = ${n + 1} where number = -1`], (n) => n],
  ['written twice', (n) => [`update repository_audit set number = -number where number > ${n}`, `update repository_audit set number = 1 - number where number < 0`, `insert into repository_audit (${ALL}) select ${n + 1}, ${COLUMNS.join(', ')} from repository_audit where number = ${n}`], (n) => n + 1],
] // prettier-ignore

const knownAt = (stage: Sealed): string => {
  const { payload } = stage.github.repository.deployments.at(-1) ?? {}
  const { audit } = (payload as { gantry: { audit: AuditHead } }).gantry
  return `${audit.number}:${audit.mac}`
}

/** A log of so many records, most of them made by the program's own code, and a deployment at its end whose payload on GitHub has the head. */
async function logOf(stage: Sealed, checks: Checks): Promise<AuditHead> {
  await stage.keeps(PASSWORD, 'shop')
  await stage.opens()
  checks.that((await asks(stage, stage.github.people.ada, '/deploy')) === 'success', 'it does not deploy')
  await stage.gantry.stops()
  const sql = opened(stage.database)
  const [mac] = await macsOf(stage, sql)
  const have = sql.all<{ n: number }>('select max(number) as n from repository_audit')[0]!.n
  const append = appendRepository(sql, mac!)
  sql.transaction(() => {
    for (let nth = have; nth < LENGTH - 3; nth += 1)
      append(stage.github.repository.id, {
        ...{ at: Date.now() - LENGTH + nth, by: nth % 4 === 0 ? null : { id: 7 + nth, login: `person-${nth % 9}` }, action: 'deployment ended' },
        ...{
          subject: `d-${nth}`,
          before: null,
          after: `success shop/staging main@sha256:${nth}`,
          why: nth % 3 === 0 ? 'because' : null,
          request: `c:1:${nth}`,
        },
      })
  })
  sql.close()
  await stage.starts()
  await stage.registry.has('acme/shop:2', { 'site/index.html': 'two' })
  checks.that((await asks(stage, stage.github.people.ada, '/deploy staging :2')) === 'success', 'it does not deploy again')
  checks.that(await eventually(() => stage.github.repository.deployments.length === 2), 'GitHub has no second Deployment')
  await stage.gantry.stops()
  const [number = '', ...rest] = knownAt(stage).split(':')
  return { number: Number(number), mac: rest.join(':') }
}

const i05: Scenario = {
  id: 'I05',
  tried: `a log of ${LENGTH} records: ${MUTATIONS} changes of one value, every record deleted, moved, swapped, doubled; cut at ${LENGTH} lengths, against the head in a GitHub Deployment; rewritten without the key and under another`,
  run: onSealed(async (stage) => {
    const checks = new Checks()
    const known = await logOf(stage, checks)
    const sql = opened(stage.database)
    const macs = await macsOf(stage, sql)
    const whole = verifyAudit(sql, 'repository_audit', macs, [known])
    checks.that('head' in whole && whole.head.number >= LENGTH - 1, `before: ${JSON.stringify(whole)}`)
    const last = 'head' in whole ? whole.head.number : 0
    const random = new Random(55)
    let [count, atTheRight] = [0, 0]
    const changes: (readonly [what: string, statement: string, brokenAt: number, ...values: Row[string][]])[] = []
    const broken = (what: string, brokenAt: number, change: () => void, heads: readonly AuditHead[] = []): void => {
      sql.all('begin')
      change()
      const came = verifyAudit(sql, 'repository_audit', macs, heads)
      sql.all('rollback')
      count += 1
      if ('brokenAt' in came && came.brokenAt === brokenAt) atTheRight += 1
      else checks.that(false, `${what}: ${JSON.stringify(came).slice(0, 120)}`)
    }
    while (changes.length < MUTATIONS) {
      // Every record first, then by chance.
      const number = changes.length < last ? changes.length + 1 : 1 + random.below(last)
      const [row] = sql.all('select * from repository_audit where number = ?', number)
      const column = random.pick(COLUMNS)
      const value = column === 'person' && row![column] === null ? 1 : other(row![column]!, random)
      if (value === row![column] || (value === null && ['at', 'repository', 'action', 'subject', 'mac'].includes(column))) continue
      const statement = `update repository_audit set ${column} = ? where number = ${number}`
      changes.push([`${column} of ${number}`, statement, number, value])
      broken(`${column} of ${number}`, number, () => sql.all(statement, value))
    }
    for (let number = 1; number < last; number += 1) {
      const [what, statements, brokenAt] = MOVES[number % MOVES.length]!
      broken(`${number} ${what}`, brokenAt(number), () => statements(number).forEach((statement) => sql.all(statement)))
    }
    for (let length = 0; length < known.number; length += 1)
      broken(`cut to ${length}`, length + 1, () => sql.all(`delete from repository_audit where number > ${length}`), [known])
    const rewritten = (mac: (typeof macs)[number]) => () => {
      const rows = sql.all('select * from repository_audit order by number')
      sql.all('delete from repository_audit')
      const append = appendRepository(sql, mac)
      for (const { repository, person, login, ...row } of rows)
        append(
          repository as number,
          { ...row, by: person === null ? null : { id: person as number, login: login as string } } as Parameters<typeof append>[1],
        )
    }
    broken('rewritten under another key', 1, rewritten(macUnder(HMAC, randomBytes(32))), [known])
    broken('rewritten without a key', known.number, rewritten(macs[1]!), [known])
    sql.close()

    const at = `${known.number}:${known.mac}`
    for (const [what, statement, number, value] of changes.slice(0, THROUGH_THE_PROGRAM - 2)) {
      const kept = stage.rows('select * from repository_audit where number = ?', number)[0]!
      stage.rewrites(statement, value as string)
      const { code, output } = await stage.types(['audit', 'verify', '--known', at])
      checks.that(code === 1 && output.includes(`Record ${number} `), `${what} by the program: ${output.slice(0, 200)}`)
      for (const column of COLUMNS) stage.rewrites(`update repository_audit set ${column} = ? where number = ${number}`, kept[column] as string)
    }
    checks.that((await stage.types(['audit', 'verify', '--known', at])).code === 0, 'put right, it is not believed')
    stage.rewrites(`delete from repository_audit where number >= ${known.number}`)
    const plain = await stage.types(['audit', 'verify'])
    const held = await stage.types(['audit', 'verify', '--known', at])
    checks.that(plain.code === 0 && held.code === 1 && /The log ends with record/.test(held.output), `cut, by the program: ${held.output}`)
    checks.that(atTheRight === count, `${count - atTheRight} of ${count} missed`)
    return checks.finding(
      `${count} changes of ${last} records each noticed at the right record by the program's own verification, ${THROUGH_THE_PROGRAM} of such by gantry audit verify; a cut only with the head from GitHub`,
    )
  }),
}

interface Told {
  readonly number: number
  readonly action: string
  readonly login: string | null
  readonly person: number | null
  readonly subject: string
  readonly why: string | null
}

const PEOPLE = `select number, action, login, person, subject, why from repository_audit where number > ? order by number`
const OPERATOR = `select number, action, login, person, subject, why from account_audit where number > ? order by number`

const GATED = (stage: Sealed, more = ''): string =>
  `version: 1
app: shop
images: { main: { repository: ${stage.registry.name('acme/shop')}, tag: "1" } }
default: staging
environments:
  staging: { target: site, settings: { path: /site } }
  gated: { target: gate, settings: { path: /site }, allow: { role: write }, approvals: { count: 1${more} } }
`

const i06: Scenario = {
  id: 'I06',
  tried:
    'each path that changes something, and each attempt that fails: deploy, approve, reject, cancel, lock, take over, unlock, close, who may not, configuration, operator file, vault put and remove',
  run: onSealed(async (stage) => {
    const checks = new Checks()
    const { github, pull } = stage
    const { ada, grace, trent } = github.people
    const seen: string[] = []
    github.has('.github/deploy.yml', GATED(stage))
    const site = `{ kind: static, listen: "127.0.0.1:0", allow: [{ repository: acme/shop, id: ${github.repository.id}, environments: ["*"], images: ["${stage.registry.name('acme/*')}"] }] }`
    const operator = `version: 1\ntargets: { site: ${site}, gate: ${site} }\n`
    writeFileSync(join(stage.folder, 'gantry.yml'), operator)
    const since = (table: string, query: string): [number, () => readonly Told[]] => {
      const number = Number(stage.rows(`select coalesce(max(number), 0) as n from ${table}`)[0]?.['n'])
      return [number, () => stage.rows(query, number) as unknown as readonly Told[]]
    }
    const expects = async (
      what: string,
      query: string,
      table: string,
      does: () => Promise<unknown>,
      ...expected: readonly string[]
    ): Promise<void> => {
      const [, told] = since(table, query)
      await does()
      const words = () => told().map(({ action, login, why }) => [action, login ?? '-', ...(why === null ? [] : [why])].join(' '))
      await eventually(() => words().length >= expected.length, 10)
      checks.that(JSON.stringify(words()) === JSON.stringify(expected), `${what}: ${JSON.stringify(words())}`)
      seen.push(what)
    }
    const says = (who: typeof ada, text: string) => async () => {
      const comment = who.comments(pull, text)
      await stage.delivers()
      await eventually(() => stage.rows('select 1 from delivery where key = ? and handled_at is not null', keyOf(stage, comment)).length > 0)
      await eventually(() => stage.rows(`select 1 from deployment where ended_at is null and state <> 'waiting'`).length === 0)
    }
    const repository = (what: string, does: () => Promise<unknown>, ...expected: readonly string[]) =>
      expects(what, PEOPLE, 'repository_audit', does, ...expected)
    const accounts = (what: string, does: () => Promise<unknown>, ...expected: readonly string[]) =>
      expects(what, OPERATOR, 'account_audit', does, ...expected)

    await stage.keeps(PASSWORD, 'shop')
    await accounts('vault put', () => stage.keeps(PASSWORD, 'second'), 'declaration kept -')
    await accounts('vault put of the same name', () => stage.keeps(`${PASSWORD}2`, 'second'), 'declaration kept -')
    await accounts('vault remove', () => stage.types(['vault', 'remove', 'credential', 'second']), 'declaration removed -')
    await accounts('vault remove of nothing (changes nothing)', () => stage.types(['vault', 'remove', 'credential', 'second']))
    await accounts('vault put that is refused (changes nothing)', () => stage.types(['vault', 'put', 'none.yml', '--untested']))
    await accounts('operator file', async () => (await stage.opens(), stage.gantry.stops()), 'operator file changed -')
    await accounts('the same operator file (changes nothing)', async () => (await stage.starts(), stage.gantry.stops()))
    await accounts(
      'another operator file',
      async () => (writeFileSync(join(stage.folder, 'gantry.yml'), `${operator}# another\n`), stage.starts()),
      'operator file changed -',
    )

    await repository('deploy', says(ada, '/deploy'), 'deployment requested ada', 'configuration changed -', 'deployment ended -')
    await repository('deploy again', says(ada, '/deploy'), 'deployment requested ada', 'deployment ended -')
    github.has('.github/deploy.yml', GATED(stage, ', expire: 1h'))
    await repository('configuration', says(ada, '/deploy'), 'deployment requested ada', 'configuration changed -', 'deployment ended -')
    github.has('.github/deploy.yml', GATED(stage))
    await repository('deploy that is refused', says(trent, '/deploy'), 'deployment requested trent', 'deployment ended - PERMISSION_REQUIRED')
    await repository(
      'deploy that fails',
      says(ada, '/deploy staging :none'),
      'deployment requested ada',
      'configuration changed -',
      'deployment ended - TAG_NOT_FOUND',
    )
    await repository('deploy that waits', says(ada, '/deploy gated'), 'deployment requested ada')
    await repository('approve by who may not', says(trent, '/approve'), 'refused trent APPROVAL_NOT_ALLOWED')
    await repository('approve one’s own', says(ada, '/approve'), 'refused ada APPROVAL_NOT_ALLOWED')
    await repository('approve', says(grace, '/approve'), 'deployment approved grace', 'deployment ended -')
    await says(ada, '/deploy gated :1')()
    await repository('reject', says(grace, '/reject not today'), 'deployment rejected grace not today', 'deployment ended - APPROVAL_REJECTED')
    await says(ada, '/deploy gated')()
    await repository('cancel by who may not', says(trent, '/cancel'), 'refused trent PERMISSION_REQUIRED')
    await repository('cancel', says(grace, '/cancel'), 'deployment cancelled grace', 'deployment ended -')
    await repository('lock', says(ada, '/lock staging an outage'), 'lock taken ada an outage')
    await repository('lock by who may not', says(trent, '/lock staging mine'), 'refused trent PERMISSION_REQUIRED')
    await repository('deploy under somebody’s lock', says(grace, '/deploy staging'), 'deployment requested grace', 'deployment ended - LOCKED')
    await repository('take-over', says(grace, '/lock staging mine --take-over'), 'lock taken grace mine')
    await repository('unlock by who may not', says(trent, '/unlock staging'), 'refused trent PERMISSION_REQUIRED')
    await repository('unlock', says(ada, '/unlock staging'), 'lock given up ada mine')
    await repository('unlock of nothing (changes nothing)', says(ada, '/unlock staging'))
    await says(ada, '/lock staging until it is closed')()
    await repository(
      'close',
      async () => (grace.closes(pull), await stage.delivers(), await comesToRest(stage)),
      'lock given up grace until it is closed',
    )
    await stage.gantry.stops()
    const rows = stage.rows('select * from repository_audit')
    checks.that(
      rows.every((row) => (row['login'] === null) === (row['person'] === null)),
      'a name without an id',
    )
    checks.that(
      rows.every((row) => row['action'] === 'deployment ended' || row['request'] !== null),
      'a record that does not say what asked for it',
    )
    checks.that(found([JSON.stringify(rows), (await stage.types(['audit', 'export'])).output], [PASSWORD]).length === 0, 'a secret is in it')
    checks.that((await stage.types(['audit', 'verify'])).code === 0, 'it does not verify')
    return checks.finding(`${seen.length} paths, one record each (and those of the deployment's own course): ${seen.join(', ')}`)
  }),
}

const KILLS = 40

/** What does not fit in the stopped database: a row without its record, or a record without its row. */
function misfits(stage: Sealed): readonly string[] {
  const count = (query: string): number => Number(stage.rows(query)[0]?.['n'])
  const pairs: readonly (readonly [string, string, string])[] = [
    [
      'deployments and requests',
      'select count(*) as n from deployment',
      `select count(*) as n from repository_audit where action = 'deployment requested'`,
    ],
    [
      'ends',
      'select count(*) as n from deployment where ended_at is not null',
      `select count(*) as n from repository_audit where action = 'deployment ended'`,
    ],
    [
      'cancellations',
      'select count(*) as n from deployment where cancellation is not null',
      `select count(*) as n from repository_audit where action = 'deployment cancelled'`,
    ],
  ]
  const [lock] = stage.rows(`select json_extract(lock, '$.since') as since from lock`)
  const [said] = stage.rows(`select action, at from repository_audit where action like 'lock %' order by number desc limit 1`)
  const isHeld = said?.['action'] === 'lock taken'
  const locks = isHeld === (lock !== undefined) && (!isHeld || said['at'] === lock?.['since']) ? [] : ['the lock is not as its last record says']
  return locks.concat(
    pairs.flatMap(([what, rows, records]) => (count(rows) === count(records) ? [] : [`${what}: ${count(rows)} and ${count(records)}`])),
  )
}

const i07: Scenario = {
  id: 'I07',
  tried: `kill -9 at ${KILLS} random moments while people deploy, lock, unlock and cancel, and at ${KILLS / 2} of gantry vault put`,
  run: onSealed(async (stage) => {
    const checks = new Checks()
    const { github, pull } = stage
    const random = new Random(77)
    const { ada, grace } = github.people
    await stage.keeps(PASSWORD, 'shop')
    await stage.opens()
    for (let nth = 0; nth < KILLS; nth += 1) {
      ada.comments(pull, '/deploy')
      grace.comments(pull, nth % 2 === 0 ? '/lock staging an outage' : '/unlock staging')
      ada.comments(pull, '/cancel')
      const sending = stage.delivers().catch(() => [])
      await new Promise((resolve) => setTimeout(resolve, random.below(250)))
      await stage.gantry.stops('SIGKILL')
      await sending
      for (const misfit of misfits(stage)) checks.that(false, `kill ${nth}: ${misfit}`)
      if (nth % 10 === 9) github.reinstalls()
      await stage.starts()
    }
    await comesToRest(stage, 60)
    await stage.gantry.stops()
    for (const misfit of misfits(stage)) checks.that(false, `in the end: ${misfit}`)
    const records = Number(stage.rows('select count(*) as n from repository_audit')[0]?.['n'])
    const isKept = (): boolean => stage.rows(`select 1 from vault_record where kind = 'credential' and id = 'again'`).length > 0
    const told = (): number => stage.rows(`select 1 from account_audit where subject = 'credential again' and action = 'declaration kept'`).length
    const version = (): number => Number(stage.rows(`select coalesce(max(version), 0) as n from vault_record where id = 'again'`)[0]?.['n'])
    let [before, versions, done] = [told(), version(), 0]
    await stage.keeps(PASSWORD, 'again')
    checks.that(isKept() && told() === before + 1, 'vault put leaves no record')
    for (let nth = 0; nth < KILLS / 2; nth += 1) {
      ;[before, versions] = [told(), version()]
      const put = stage.begins(['vault', 'put', 'kept.yml', '--untested'], { KEPT_PASSWORD: `${PASSWORD}${nth}` })
      await new Promise((resolve) => setTimeout(resolve, 250 + random.below(300)))
      await put.stops('SIGKILL')
      const [isChanged, isTold] = [version() !== versions, told() !== before]
      checks.that(isChanged === isTold, `vault put, kill ${nth}: ${isChanged ? 'kept' : 'not kept'}, ${isTold ? 'told' : 'not told'}`)
      if (isChanged) done += 1
    }
    checks.that((await stage.types(['audit', 'verify'])).code === 0, 'it does not verify')
    return checks.finding(`both or neither after each of ${KILLS} kills (${records} records) and of ${KILLS / 2} (${done} were done by then)`)
  }),
}

const isOfPermissions = ([what]: Breakage): boolean => /permission|may more|accepted/.test(what)

const broken = (id: string, tried: string, isMeant: (breakage: Breakage) => boolean): Scenario => ({
  id,
  tried,
  run: async () => {
    const checks = new Checks()
    const [wrong, doubtful] = [BROKEN.filter(isMeant), DOUBTFUL.filter(isMeant)]
    for (const [what, breaks, says] of [...wrong, ...doubtful]) {
      const here = await RightSetUp.make()
      try {
        const { code, output } = await here.asksDoctor(breaks(here) ?? {})
        checks.that(says.test(output) && /next:\s+\S/.test(output), `${what}: ${output}`)
        checks.that(code === (wrong.some(([one]) => one === what) ? 1 : 0), `${what}: it ends with ${code}`)
      } finally {
        await here.closes()
      }
    }
    return checks.finding(
      `${wrong.length} broken set-ups named with their next step, ${doubtful.length} warned of: ${[...wrong, ...doubtful].map(([what]) => what).join('; ')}`,
    )
  },
})

const i09 = broken('I09', '`gantry doctor` in broken set-ups', (one) => !isOfPermissions(one))
const i10 = broken('I10', 'a permission less or weaker than app.yml asks for, one more, and an account that has not accepted all', isOfPermissions)

export const records: readonly Scenario[] = [i05, i06, i07, i09, i10]
