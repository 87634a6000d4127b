import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Failure, type Problem } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { migrateAccounts } from '../store/migrations.ts'
import { readAuditMac } from '../store/audit-key.ts'
import { macUnder, noteOperator, type Mac } from '../store/audit.ts'
import type { AccountSql } from '../store/sql.ts'
import type { RotationOptions } from '../store/vault/rotation.ts'
import { hmac } from './mac.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { createVault, type Vault } from '../store/vault.ts'
import { entropy } from './entropy.ts'
import { openSqlite } from './sqlite.ts'
import type { CliCommand } from './terminal.ts'

const KEYS_HELP = `gantry keys new
               a key for GANTRY_KEYS, alone on standard output
gantry keys rotate [--records]
               takes up the first key of GANTRY_KEYS; with --records every secret is sealed anew under new keys. Gantry must not run
gantry keys discard ID | --account NUMBER, and --yes
               destroys what only the key ID opens, or what is kept for an account: for a lost key. Gantry must not run`

export const keys: CliCommand = {
  name: 'keys',
  help: KEYS_HELP,
  // A new key is printed as it is.
  run: (words, { settings, say }) => keysCommand(words, { settings, say, print: (line) => console.log(line) }),
}

interface KeysMachine {
  /** Throws a `Failure` where they are wrong. */
  settings(): Pick<Settings, 'keys' | 'data'>
  print(text: string): void
  /** Beside the answer: on standard error. */
  say(text: string): void
}

/** `gantry keys …`. Answers with the exit code: 0 done, 1 something is left undone, 2 the words are wrong. Throws a `Failure`. */
async function keysCommand(words: readonly string[], machine: KeysMachine): Promise<0 | 1 | 2> {
  const asked = readWords(words)
  if (asked?.verb === 'new') return newKey(machine)
  if (asked?.verb === 'rotate') return rotate(asked.records, machine)
  if (asked?.verb === 'discard') return discard(asked.what, asked.isSure, machine)
  machine.say(`There is no command "gantry keys ${words.join(' ')}".\n\n${KEYS_HELP}`)
  return 2
}

type Asked =
  | { readonly verb: 'new' }
  | { readonly verb: 'rotate'; readonly records: boolean }
  /** Of a key's id, or of an account's number. */
  | { readonly verb: 'discard'; readonly what: string | number; readonly isSure: boolean }

const OPTIONS = { records: { type: 'boolean' }, account: { type: 'string' }, yes: { type: 'boolean' } } as const
const ACCOUNT = /^(0|[1-9]\d{0,14})$/

function readWords([verb, ...rest]: readonly string[]): Asked | null {
  const read = parsed(rest)
  if (read === null) return null
  const { values, positionals } = read
  const { records = false, account, yes: isSure = false } = values
  if (verb === 'new' && rest.length === 0) return { verb }
  if (verb === 'rotate' && positionals.length === 0 && account === undefined && !isSure) return { verb, records }
  if (verb !== 'discard' || records) return null
  if (account !== undefined) return positionals.length === 0 && ACCOUNT.test(account) ? { verb, what: Number(account), isSure } : null
  const [what] = positionals
  return what !== undefined && positionals.length === 1 ? { verb, what, isSure } : null
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true })
  } catch {
    return null
  }
}

function newKey({ print, say }: KeysMachine): 0 {
  const id = `${new Date().toISOString().slice(0, 10)}-${randomBytes(2).toString('hex')}`
  print(`${id}:${randomBytes(32).toString('base64')}`)
  say(`Put this line in front of the others in GANTRY_KEYS, separated by a comma, and start Gantry again: it takes the key up by itself.
Keep a copy where neither the database nor its backups are. Without it every secret in the vault has to be entered again.`)
  return 0
}

async function rotate(records: boolean, machine: KeysMachine): Promise<0 | 1> {
  return withVault(machine, async (vault, sql) => {
    await vault.check()
    const done = await vault.rotate({ records, note: notingRotation(sql, await readAuditMac(vault, hmac), Date.now) })
    machine.print(`Account keys that are under the newest key now: ${done.rewrapped}. Secrets that were sealed anew: ${done.records}.`)
    if (done.unneeded.length > 0)
      machine.print(`Nothing here needs ${done.unneeded.join(', ')} any more. Take it out of GANTRY_KEYS; older backups still need it.`)
    for (const problem of done.problems) machine.say(left(problem))
    return done.problems.length === 0 ? 0 : 1
  })
}

async function discard(what: string | number, isSure: boolean, machine: KeysMachine): Promise<0 | 1> {
  return withVault(machine, async (vault, sql) => {
    const accounts = typeof what === 'number' ? [what] : vault.accountsUnder(what)
    const named = accounts.length === 0 ? 'no account' : `${accounts.length === 1 ? 'account' : 'accounts'} ${accounts.join(', ')}`
    if (!isSure) {
      machine.say(`This would destroy the secrets of ${named} for good. To do it, add --yes.`)
      return 1
    }
    const mac = await macBefore(vault, accounts)
    for (const account of accounts)
      vault.destroy(account, () =>
        noteOperator(sql, mac, { at: Date.now(), action: 'secrets destroyed', subject: `account ${account}`, after: null }),
      )
    machine.print(`Destroyed the secrets of ${named}. What they were for says so until they are entered again.`)
    return 0
  })
}

/** What is destroyed here may be the log's own key, and only then does its loss not stand in the way. */
const macBefore = (vault: Vault, destroyed: readonly number[]): Promise<Mac> =>
  readAuditMac(vault, hmac).catch((error: unknown) => {
    if (destroyed.includes(0)) return macUnder(hmac, null)
    throw error
  })

async function withVault<T>(machine: KeysMachine, work: (vault: Vault, sql: AccountSql) => Promise<T>): Promise<T> {
  const { keys, data } = machine.settings()
  const path = join(data, 'gantry.db')
  if (!existsSync(path)) {
    const next = 'Set GANTRY_DATA to the folder that Gantry runs with.'
    throw new Failure('SETTING_INVALID', { sentence: `There is no database ${path}.`, next })
  }
  const sql = openStopped(path)
  try {
    migrateAccounts(sql)
    return await work(createVault(sql, localKeys(keys, entropy), entropy), sql)
  } finally {
    sql.close()
  }
}

/** What a rotation does, in the audit log. */
export const notingRotation =
  (sql: AccountSql, mac: Mac, now: () => number): NonNullable<RotationOptions['note']> =>
  (subject, after) =>
    noteOperator(sql, mac, { at: now(), action: 'keys rotated', subject, after })

/** Where Gantry runs it does by itself what most people come here for. */
export function openStopped(path: string) {
  try {
    return openSqlite(path)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const next = 'To take up a new key, restart Gantry with it in front of GANTRY_KEYS: that is all. For anything else stop Gantry first.'
    throw new Failure(error.problem.code, { ...error.problem, next }, error.cause)
  }
}

const left = ({ sentence, found, next }: Problem): string => `${sentence}\n  found:  ${found}\n  next:   ${next}`
