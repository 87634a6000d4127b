import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Secret } from '../../src/secret.ts'
import { encodeParts } from '../../src/store/vault/aes-gcm.ts'
import { sealRecord } from '../../src/store/vault/record.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { eventually } from '../world/grounds.ts'
import { killedRotation } from '../world/killed-rotation.ts'
import { Random } from '../world/random.ts'
import { fillVault, keysText, unreadable } from '../world/vault-rotation.ts'
import { credential, newKey, randomBytes, said, vaultOver } from '../world/vault.ts'
import { asks } from './asked.ts'
import { Checks } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { newKeyText, onSealed, opened, PASSWORD } from './sealed.ts'
import type { Sealed } from './sealed.ts'

const SHOP = { account: 0, kind: 'credential', id: 'shop', field: 'declaration' } as const
const WHERE = `account = 0 and kind = 'credential' and id = 'shop'`
const SECOND = 'another-canary-of-the-same-length!!!'
/** What another account keeps under the same name. */
const THEIRS = JSON.stringify({ registry: 'ghcr.io', username: 'theirs', password: { sealed: SECOND } })
/** Where two were exchanged, the one that is read first is named. */
const BROKEN =
  /The secret declaration of the credential (?:shop|other) of account 0 cannot be read|What the vault holds for account 0 cannot be trusted/

const pairOf = (text: string) => ({ id: text.split(':')[0] ?? '', key: new Secret(text.split(':')[1] ?? '') })

/** What is changed in a copy of the database, and what the program's own vault then says of the record. */
async function inProcess(stage: Sealed, change: (sql: ReturnType<typeof opened>) => void): Promise<string | null> {
  const sql = opened(stage.database)
  sql.all('begin')
  try {
    change(sql)
    return await said(vaultOver(sql, pairOf(stage.keys)), SHOP)
  } finally {
    sql.all('rollback')
    sql.close()
  }
}

/** The same through the program itself; the database is as before afterwards. */
async function throughTheProcess(stage: Sealed, checks: Checks, what: string, change: (sql: ReturnType<typeof opened>) => void): Promise<void> {
  const kept = readFileSync(stage.database)
  const sql = opened(stage.database)
  change(sql)
  sql.close()
  // A start goes on without it where only this one is damaged, and refuses where nothing can be trusted.
  for (const words of [['vault', 'list'], ['start']]) {
    const { code, output } = words[0] === 'start' ? await stage.refuses() : await stage.types(words)
    checks.that(code === 1 || (words[0] === 'start' && /in the vault is not used/.test(output)), `${what}: ${words.join(' ')} ended with ${code}`)
    checks.that(BROKEN.test(output), `${what}: ${words.join(' ')} says ${output.slice(0, 300)}`)
    checks.that(!/\n {4}at /.test(output), `${what}: it shows a stack`)
    checks.that(!output.includes(PASSWORD) && !output.includes(SECOND), `${what}: it shows the secret`)
  }
  for (const end of ['', '-wal', '-shm']) if (existsSync(`${stage.database}${end}`)) writeFileSync(`${stage.database}${end}`, end === '' ? kept : '')
}

const sealedIn = (sql: ReturnType<typeof opened>): Buffer =>
  Buffer.from(sql.all<{ sealed: Uint8Array }>(`select sealed from vault_record where ${WHERE}`)[0]!.sealed)
const writes = (sealed: Uint8Array) => (sql: ReturnType<typeof opened>) => void sql.all(`update vault_record set sealed = ? where ${WHERE}`, sealed)
const flipped = (bytes: Uint8Array, bit: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

const REST = `account = 0 and kind = 'credential' and id = 'other'`
const MOVES: readonly (readonly [what: string, ...statements: string[]])[] = [
  [
    'the sealed texts of two rows exchanged',
    `create temp table t as select id, sealed from vault_record where kind = 'credential'`,
    `update vault_record set sealed = (select sealed from t where id = 'other') where ${WHERE}`,
    `update vault_record set sealed = (select sealed from t where id = 'shop') where ${REST}`,
  ],
  [
    'two rows exchanged, and their stamps',
    `update vault_record set id = 'x' where ${WHERE}`,
    `update vault_record set id = 'shop' where ${REST}`,
    `update vault_record set id = 'other' where id = 'x'`,
    `update vault_inventory set id = 'x' where ${WHERE}`,
    `update vault_inventory set id = 'shop' where ${REST}`,
    `update vault_inventory set id = 'other' where id = 'x'`,
  ],
  ['another field', `update vault_record set field = 'password' where ${WHERE}`],
  [
    'another kind, in the inventory too',
    `update vault_record set kind = 'target' where ${WHERE}`,
    `update vault_inventory set kind = 'target' where ${WHERE}`,
  ],
  ['a version less', `update vault_record set version = version - 1 where ${WHERE}`],
  [
    'a version more, in the inventory too',
    `update vault_record set version = version + 1 where ${WHERE}`,
    `update vault_inventory set version = version + 1 where ${WHERE}`,
  ],
  ['the record taken out', `delete from vault_record where ${WHERE}`],
  ['the record and its entry taken out', `delete from vault_record where ${WHERE}`, `delete from vault_inventory where ${WHERE}`],
  ['the entry taken out', `delete from vault_inventory where ${WHERE}`],
  ['the account’s seal taken out', `delete from vault_account where account = 0`],
  ['a counter more', `update vault_account set counter = counter + 1 where account = 0`],
  ['the account’s key taken out', `delete from vault_key where account = 0`],
  ['another id of the key', `update vault_key set kid = '0123456789abcdef' where account = 0`],
  ['a stamp of zeros', `update vault_inventory set stamp = '${'0'.repeat(48)}' where ${WHERE}`],
]

const g02: Scenario = {
  id: 'G02',
  tried: `every bit of a stored record, of its account's wrapped key and MAC, every truncation, extensions, ${MOVES.length} moves (rows, fields, versions, keys), an account's row given to another`,
  run: onSealed(async (stage) => {
    const checks = new Checks()
    checks.that((await stage.keeps(PASSWORD, 'shop', 'other')).code === 0, 'nothing was kept')
    const sql = opened(stage.database)
    const sealed = sealedIn(sql)
    const [key] = sql.all<{ wrapped: Uint8Array }>('select wrapped from vault_key where account = 0')
    const [account] = sql.all<{ mac: Uint8Array }>('select mac from vault_account where account = 0')
    sql.close()
    let count = 0
    const fails = async (what: string, change: (sql: ReturnType<typeof opened>) => void): Promise<void> => {
      count += 1
      const came = await inProcess(stage, change)
      checks.that(came !== null && came.startsWith('VAULT_RECORD_BROKEN: ') && !came.includes(PASSWORD), `${what}: ${String(came).slice(0, 60)}`)
    }
    for (let bit = 0; bit < sealed.length * 8; bit += 1) await fails(`bit ${bit}`, writes(flipped(sealed, bit)))
    for (let length = 0; length < sealed.length; length += 1) await fails(`${length} bytes`, writes(sealed.subarray(0, length)))
    for (const more of [1, 16, 4_096]) await fails(`${more} bytes more`, writes(Buffer.concat([sealed, Buffer.alloc(more)])))
    for (let bit = 0; bit < key!.wrapped.length * 8; bit += 1)
      await fails(`bit ${bit} of the key`, (one) => void one.all('update vault_key set wrapped = ? where account = 0', flipped(key!.wrapped, bit)))
    for (let bit = 0; bit < account!.mac.length * 8; bit += 1)
      await fails(`bit ${bit} of the MAC`, (one) => void one.all('update vault_account set mac = ? where account = 0', flipped(account!.mac, bit)))
    for (const [what, ...statements] of MOVES) {
      const came = await inProcess(stage, (one) => statements.forEach((statement) => one.all(statement)))
      count += 1
      checks.that(
        came !== null && came.startsWith('VAULT_RECORD_BROKEN: '),
        `${what}: ${came === null ? 'as if there never was one' : came.slice(0, 60)}`,
      )
    }
    const others = opened(stage.database)
    await vaultOver(others, pairOf(stage.keys)).seal({ ...SHOP, account: 7 }, new Secret(THEIRS))
    others.close()
    const theirs = `select sealed from vault_record where account = 7`
    await fails('the text of another account', (one) => void one.all(`update vault_record set sealed = (${theirs}) where ${WHERE}`))
    await fails('the same with its key and stamp', (one) => {
      one.all(`update vault_record set sealed = (${theirs}) where ${WHERE}`)
      one.all(`update vault_inventory set stamp = (select stamp from vault_inventory where account = 7) where ${WHERE}`)
      one.all('insert into vault_key select 0, kid, kek, wrapped, 1 from vault_key where account = 7')
    })
    const last = sealed.length * 8 - 1
    const sample: readonly (readonly [string, (one: ReturnType<typeof opened>) => void])[] = [
      ['a bit of the key’s id', writes(flipped(sealed, 3))],
      ['a bit of the salt', writes(flipped(sealed, 8 * 8 + 5))],
      ['a bit of the nonce', writes(flipped(sealed, 24 * 8 + 1))],
      ['a bit of the text', writes(flipped(sealed, 40 * 8))],
      ['a bit of the tag', writes(flipped(sealed, last))],
      ['nothing left', writes(Buffer.alloc(0))],
      ['half of it', writes(sealed.subarray(0, sealed.length >> 1))],
      ...MOVES.map(
        ([what, ...statements]) => [what, (one: ReturnType<typeof opened>) => statements.forEach((statement) => one.all(statement))] as const,
      ),
    ]
    for (const [what, change] of sample) await throughTheProcess(stage, checks, what, change)
    const after = await stage.types(['vault', 'list'])
    checks.that(after.code === 0 && /credential shop/.test(after.output), `put right, it says ${after.output.slice(0, 200)}`)
    return checks.finding(
      `${count} changes refused by the program's own vault in this process, ${sample.length} of such by the program (list and start), naming the record`,
    )
  }),
}

const TABLES = ['vault_record', 'vault_inventory', 'vault_account', 'vault_key', 'vault_key_check'] as const

const g03: Scenario = {
  id: 'G03',
  tried: 'an older valid text of the same record is put back: it alone, with its entry, the whole account while it runs, and while it does not',
  run: onSealed(async (stage) => {
    const checks = new Checks()
    await stage.keeps(PASSWORD, 'shop')
    const older = `${stage.database}.older`
    copyFileSync(stage.database, older)
    await stage.keeps(SECOND, 'shop')
    const from =
      (tables: readonly string[], where = '1') =>
      (sql: ReturnType<typeof opened>) => {
        sql.all(`attach database '${older}' as older`)
        for (const table of tables) {
          sql.all(`delete from main.${table} where ${where}`)
          sql.all(`insert into main.${table} select * from older.${table} where ${where}`)
        }
      }
    await throughTheProcess(stage, checks, 'the record alone', from(['vault_record'], WHERE))
    await throughTheProcess(stage, checks, 'the record and its entry', from(['vault_record', 'vault_inventory'], WHERE))
    await throughTheProcess(stage, checks, 'all records and entries', from(['vault_record', 'vault_inventory']))

    const sql = opened(stage.database)
    const vault = vaultOver(sql, pairOf(stage.keys))
    checks.that((await said(vault, SHOP))?.includes(SECOND) === true, 'the newer one does not open')
    from(TABLES)(sql)
    const running = await said(vault, SHOP)
    checks.that(
      running !== null && running.startsWith('VAULT_RECORD_BROKEN'),
      'the whole account was put back under a running vault, and it gave the older one',
    )
    sql.close()

    const { code, output } = await stage.types(['vault', 'list'])
    const shown = /fingerprint (\S+)/.exec(output)?.[1]
    const log = await stage.types(['audit', 'export'])
    const kept = log.output.split('\n').flatMap((line) => (line.includes('declaration kept') ? [(JSON.parse(line) as { after: string }).after] : []))
    checks.that(code === 0 && kept.length === 2 && shown !== kept[1], 'the audit log does not tell the older one from the newer')
    return checks.finding(
      'refused alone, with its entry and with all entries, and under a vault in use; a whole account put back while nothing runs opens, as security.md says, and the audit log shows another fingerprint than the list',
    )
  }),
}

const VALUES: readonly (readonly [what: string, value: string])[] = [
  ['NULL', 'null'],
  ["''", `''`],
  ['no bytes', `x''`],
  ['{}', `'{}'`],
  ['the declaration in plain text', `'{"registry":"127.0.0.1:1","username":"ada","password":{"sealed":"open"}}'`],
  ['the same as bytes', `cast('{"registry":"127.0.0.1:1","username":"ada","password":{"sealed":"open"}}' as blob)`],
  ['base64', `'${Buffer.from('a password, perhaps').toString('base64')}'`],
  ['zeros', 'zeroblob(200)'],
  ['a number', '7'],
]

const g04: Scenario = {
  id: 'G04',
  tried: `the value becomes ${VALUES.map(([what]) => what).join(', ')}, in a table rebuilt without types`,
  run: onSealed(async (stage) => {
    const checks = new Checks()
    await stage.keeps(PASSWORD, 'shop')
    for (const [what, value] of VALUES)
      await throughTheProcess(stage, checks, what, (sql) => {
        sql.all('create table loose as select * from vault_record')
        sql.all('drop table vault_record')
        sql.all('alter table loose rename to vault_record')
        sql.all(`update vault_record set sealed = ${value} where ${WHERE}`)
      })
    return checks.finding(`${VALUES.length} refused by list and start; none counted as empty or as plain text`)
  }),
}

const RECORDS = 10_000
const KILLS = 5

const g05: Scenario = {
  id: 'G05',
  tried: `${RECORDS} secrets sealed anew under a new key with 50 reads a second and 2 kills (the program's own vault); then gantry keys rotate --records killed at ${KILLS} random moments, finished by a start, read without the old key`,
  run: onSealed(async (stage) => {
    const checks = new Checks()
    const [old, next, newest] = [newKey('k1'), newKey('k2'), newKey('k3')]
    await fillVault(stage.database, RECORDS, old)
    const did = await killedRotation(stage.database, RECORDS, [next, old])
    checks.that(did.failed === 0, `${did.failed} of ${did.reads} reads failed`)
    checks.that(did.isDone && did.kills === 2, `${did.kills} kills, done: ${did.isDone}`)
    checks.that((await unreadable(stage.database, RECORDS, next)) === 0, 'the old key is still needed')

    const random = new Random(5)
    stage.keys = keysText(newest, next)
    for (let nth = 0; nth < KILLS; nth += 1) {
      const gantry = new GantryProcess({
        folder: stage.folder,
        words: ['keys', 'rotate', ...(nth === 0 ? ['--records'] : [])],
        environment: { GANTRY_KEYS: stage.keys },
      })
      await new Promise((resolve) => setTimeout(resolve, 400 + random.below(500)))
      await gantry.stops('SIGKILL')
    }
    const left = stage.rows(`select count(*) as n from vault_key where is_retiring = 1 or kek <> 'k3'`)[0]?.['n']
    await stage.opens()
    const isRotated = () => stage.rows(`select 1 from vault_key where is_retiring = 1 or kek <> 'k3'`).length === 0
    checks.that(await eventually(isRotated, 60), 'the start does not finish it')
    checks.that(await stage.isAlive(), 'it does not answer')
    await stage.gantry.stops()
    checks.that((await unreadable(stage.database, RECORDS, newest)) === 0, 'the old key is still needed after the kills')
    stage.keys = keysText(newest)
    await stage.starts()
    checks.that(await stage.isAlive(), 'it does not start without the old key')
    return checks.finding(
      `${did.reads} reads, 0 failed, the slowest ${did.slowest} ms; ${did.kills} + ${KILLS} kills, after which ${String(left)} keys were left to do; everything opens under the newest key alone`,
    )
  }),
}

const bytes = (length: number): string => Buffer.from(randomBytes(length)).toString('base64')
const WRONG: readonly (readonly [what: string, of: (right: string) => string, sentence: RegExp])[] = [
  ['no key', () => '', /under the key k1, and GANTRY_KEYS has no key of that name/],
  ['another key of that name', () => `k1:${bytes(32)}`, /is not the one that the vault was written with/],
  ['another key', () => `k2:${bytes(32)}`, /has no key of that name/],
  ['31 bytes', () => `k1:${bytes(31)}`, /31 bytes instead of 32/],
  ['33 bytes', () => `k1:${bytes(33)}`, /33 bytes instead of 32/],
  ['base64url', () => `k1:${Buffer.concat([randomBytes(29), Buffer.from([0xff, 0xfb, 0xff])]).toString('base64url')}`, /base64url|no base64/],
  ['zeros', () => `k1:${Buffer.alloc(32).toString('base64')}`, /is not random/],
  ['hex', () => `k1:${Buffer.from(randomBytes(32)).toString('hex')}`, /48 bytes instead of 32|no base64/],
  ['the key under two names', (right) => `${right},k2:${right.slice(3)}`, /one key under two ids/],
  ['the key without its name', (right) => right.slice(3), /must be id:base64/],
]

const g06: Scenario = {
  id: 'G06',
  tried: `starts with ${WRONG.map(([what]) => what).join(', ')}; two keys in the wrong order`,
  run: onSealed(async (stage) => {
    const checks = new Checks()
    await stage.keeps(PASSWORD, 'shop')
    const before = readFileSync(stage.database)
    const right = stage.keys
    for (const [what, of, sentence] of WRONG) {
      const key = of(right)
      const { code, output } = await stage.refuses({ GANTRY_KEYS: key })
      checks.that(code === 1, `${what}: it ended with ${code}`)
      checks.that(sentence.test(output), `${what}: it says ${output.slice(0, 300)}`)
      checks.that(/\n\s+next:/.test(output), `${what}: it does not say what to do`)
      checks.that(!/listening|\n {4}at /.test(output), `${what}: it listened, or shows a stack`)
      checks.that(key === '' || !output.includes(key.slice(3)), `${what}: it shows the key`)
    }
    const sql = opened(stage.database)
    const vault = vaultOver(sql, pairOf(right))
    checks.that((await said(vault, SHOP))?.includes(PASSWORD) === true, 'a refused start has changed the vault')
    sql.close()
    checks.that(readFileSync(stage.database).length === before.length, 'a refused start has written')
    stage.keys = `${right},${newKeyText('k0')}`
    await stage.opens()
    checks.that(await stage.isAlive(), 'two keys in the wrong order: it does not start')
    await stage.gantry.stops()
    stage.keys = right
    await stage.starts()
    checks.that((await asks(stage, stage.github.people.ada, '/deploy')) === 'success', 'it does not deploy with the right key')
    return checks.finding(
      `${WRONG.length} refused before listening, each with the next step and not the key; nothing changed; the order does not matter`,
    )
  }),
}

const g07: Scenario = {
  id: 'G07',
  tried: 'the key is lost: the commands of docs/security.md, "A key is lost", then gantry vault put and a deployment',
  run: onSealed(async (stage) => {
    const checks = new Checks()
    const { ada } = stage.github.people
    await stage.keeps(PASSWORD, 'shop')
    await stage.opens()
    checks.that((await asks(stage, ada, '/deploy')) === 'success', 'it does not deploy at all')
    await stage.gantry.stops()
    const history = () => JSON.stringify([stage.rows('select id, state, plan from deployment'), stage.rows('select * from repository_audit')])
    const before = history()

    stage.keys = newKeyText('k2')
    const refused = await stage.refuses()
    checks.that(refused.code === 1 && /gantry keys discard k1/.test(refused.output), `the start says ${refused.output.slice(0, 300)}`)
    checks.that((await stage.types(['keys', 'discard', 'k1'])).code === 1, 'it destroys without being sure')
    const discarded = await stage.types(['keys', 'discard', 'k1', '--yes'])
    checks.that(discarded.code === 0, `it says ${discarded.output}`)
    await stage.starts()
    const came = await asks(stage, ada, '/deploy')
    checks.that(/CREDENTIAL/.test(came), `without the credential it came to ${came}`)
    await stage.gantry.stops()
    checks.that((await stage.keeps(PASSWORD, 'shop')).code === 0, 'it cannot be entered again')
    await stage.starts()
    checks.that((await asks(stage, ada, '/deploy')) !== 'nothing', 'it does not go on')
    checks.that(
      (await (await fetch(/"target":"site","url":"(http:[^"]+)"/.exec(stage.gantry.output)![1]!)).text()) === 'one',
      'what was deployed is gone',
    )
    const kept = JSON.parse(before) as readonly (readonly object[])[]
    const now = JSON.parse(history()) as readonly (readonly object[])[]
    for (const [at, rows] of kept.entries())
      checks.that(JSON.stringify(now[at]?.slice(0, rows.length)) === JSON.stringify(rows), 'a row of the history has changed')
    const verified = await stage.types(['audit', 'verify'])
    return checks.finding(
      `refused, discarded, entered again, deployed; history and audit rows unchanged; audit verify says: ${verified.output.split('\n')[0] ?? ''}`,
    )
  }),
}

const SEALINGS = 100_000

const g08: Scenario = {
  id: 'G08',
  tried: `${SEALINGS} sealings by the program's own code (of the 10^6); a counter to see and a limit that forces a rotation are not there: every sealing has a key of its own`,
  async run() {
    const checks = new Checks()
    const key = await crypto.subtle.importKey('raw', randomBytes(32), 'HKDF', false, ['deriveKey'])
    const [nonces, salts] = [new Set<string>(), new Set<string>()]
    const record = credential('one')
    for (let at = 0; at < SEALINGS; at += 1_000) {
      const batch = Array.from({ length: 1_000 }, () =>
        sealRecord({ kid: '0123456789abcdef', key }, record, 1, new Secret('the same secret'), randomBytes),
      )
      for (const sealed of await Promise.all(batch)) {
        const hex = Buffer.from(sealed).toString('latin1')
        salts.add(hex.slice(8, 24))
        nonces.add(hex.slice(24, 36))
      }
    }
    checks.that(nonces.size === SEALINGS, `${SEALINGS - nonces.size} nonces twice`)
    checks.that(salts.size === SEALINGS, `${SEALINGS - salts.size} salts twice`)
    checks.that(
      encodeParts('a', 'bc').length > 0 && Buffer.compare(encodeParts('a', 'bc'), encodeParts('ab', 'c')) !== 0,
      'two contexts are written alike',
    )
    return checks.finding(`${SEALINGS} of each, none twice`)
  },
}

export const vaulted: readonly Scenario[] = [g02, g03, g04, g05, g06, g07, g08]
