import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { AuditHead } from '../deploy/audit.ts'
import { Failure, problem, type Problem } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { auditRecords, macUnder, verifyAudit, type AuditTable, type Mac, type Verified } from '../store/audit.ts'
import type { AccountSql, Sql } from '../store/sql.ts'
import { hmac } from './mac.ts'
import { secretsIn } from './secrets.ts'
import { readSqlite } from './sqlite.ts'
import { problemLines, type CliCommand, type Terminal } from './terminal.ts'

const AUDIT_HELP = `gantry audit verify [--known NUMBER:MAC …]
               whether the audit log is as it was written, up to the records that are known from elsewhere; ends with 0 only if it is
gantry audit export
               the audit log as JSON Lines, the oldest record first`

export const audit: CliCommand = {
  name: 'audit',
  help: AUDIT_HELP,
  run: auditCommand,
}

/** What people call the two logs: that of repositories is the one that GitHub Deployments carry the head of. */
const LOGS: readonly (readonly [name: 'repositories' | 'accounts', table: AuditTable])[] = [
  ['repositories', 'repository_audit'],
  ['accounts', 'account_audit'],
]

interface AuditMachine extends Pick<Terminal, 'print' | 'say'>, Proof {
  readonly sql: Sql
}

/**
 * `gantry audit …`, beside a running Gantry or without one. Answers with the exit code: 0 as it was written, 1 it is not, or nobody can
 * tell, 2 the words are wrong. Throws a `Failure`.
 */
async function auditCommand(words: readonly string[], { settings, print, say }: Terminal): Promise<0 | 1 | 2> {
  const asked = readWords(words)
  if (asked === null) {
    print(AUDIT_HELP)
    return 2
  }
  const { data, keys } = settings()
  const sql = readSqlite(join(data, 'gantry.db'))
  try {
    const machine = { sql, print, say, ...(await proofIn(sql, keys)) }
    return asked.does === 'export' ? exportAll(machine) : verify(asked.known, machine)
  } finally {
    sql.close()
  }
}

interface Proof {
  readonly macs: readonly Mac[]
  /** Why the log's own key is not among them; null where it is, or there never was one. */
  readonly lost: string | null
}

/** Whoever has lost the keys needs the log most: what stands in it, and what can be seen of it without them. */
async function proofIn(sql: AccountSql, keys: Settings['keys']): Promise<Proof> {
  const unkeyed = macUnder(hmac, null)
  try {
    const { mac } = await secretsIn(sql, { keys })
    return { macs: [mac, unkeyed], lost: null }
  } catch (error) {
    return { macs: [unkeyed], lost: reasonIn(error) }
  }
}

type Asked = { readonly does: 'export' } | { readonly does: 'verify'; readonly known: readonly AuditHead[] }

function readWords(words: readonly string[]): Asked | null {
  try {
    const { values, positionals } = parseArgs({ args: [...words], allowPositionals: true, options: { known: { type: 'string', multiple: true } } })
    const [does, ...surplus] = positionals
    if (surplus.length > 0 || (does !== 'verify' && does !== 'export') || (does === 'export' && values.known !== undefined)) return null
    const known = (values.known ?? []).map((one) => /^(\d{1,15}):((?:unkeyed|[0-9a-f]{8}):[0-9a-f]{64})$/.exec(one))
    if (known.some((one) => one === null)) return null
    return does === 'export' ? { does } : { does, known: known.map((one) => ({ number: Number(one?.[1]), mac: one?.[2] ?? '' })) }
  } catch {
    return null
  }
}

/** Shows, and proves nothing: what is not proved is said beside it, and only what could not be shown is a failure. */
function exportAll({ sql, print, say, lost }: AuditMachine): 0 | 1 {
  const unread = eachLog((log, table) => {
    for (const record of auditRecords(sql, table)) print(JSON.stringify({ log, ...record }))
  })
  for (const line of problemLines(lost === null ? unread : [...unread, unproved(lost)])) say(line)
  return unread.length > 0 ? 1 : 0
}

function verify(known: readonly AuditHead[], { sql, macs, print, say, lost }: AuditMachine): 0 | 1 {
  const wrong: Wrong[] = []
  const problems = eachLog((log, table) => {
    const found = verifyAudit(sql, table, macs, log === 'repositories' ? known : [])
    print(`The log of ${log}: ${'sentence' in found ? found.sentence : wholeWords(found)}`)
    if ('sentence' in found) wrong.push(found)
  })
  if (wrong.some(({ isUnproved = false }) => !isUnproved))
    print('Somebody has changed the database, or a part of it is lost: docs/security.md says what to do.')
  if (lost !== null || wrong.some(({ isUnproved = false }) => isUnproved)) problems.push(unproved(lost))
  for (const line of problemLines(problems)) say(line)
  return wrong.length + problems.length > 0 ? 1 : 0
}

type Wrong = Extract<Verified, { readonly sentence: string }>

/** Each as far as it can be read, and what stood in the way. */
const eachLog = (work: (...log: (typeof LOGS)[number]) => void): Problem[] =>
  LOGS.flatMap(([log, table]) => {
    try {
      work(log, table)
      return []
    } catch (error) {
      const next = 'Keep what could be exported, and restore a backup: docs/operating.md says how.'
      return [problem('AUDIT_UNPROVED', { sentence: `The log of ${log} cannot be read to its end.`, found: reasonIn(error), next })]
    }
  })

const unproved = (lost: string | null): Problem =>
  problem('AUDIT_UNPROVED', {
    sentence: 'The key that proves the audit log is not here, so nobody can tell whether what was written under it is as it was.',
    found: lost ?? 'a vault without that key: it was discarded, or the vault is of another time',
    wanted: 'the vault that the log was written with, and its key in GANTRY_KEYS',
    next: 'Before anything is discarded, keep what there is: gantry audit export > audit.jsonl. Then docs/security.md#a-key-is-lost.',
  })

/** What the vault says, or SQLite of a file that is damaged; anything else is a mistake of our own. */
function reasonIn(error: unknown): string {
  if (error instanceof Failure) return `${error.problem.code}: ${error.problem.sentence}`
  if (error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR') return error.message
  throw error
}

const wholeWords = ({ head, unkeyed }: Exclude<Verified, Wrong>): string =>
  `${head.number} records, as they were written${headWords(head)}${unkeyedWords(unkeyed)}`

const headWords = ({ number, mac }: AuditHead): string => (number === 0 ? '' : `; the last is ${number}:${mac}`)

const unkeyedWords = (count: number): string =>
  count === 0 ? '' : `. The first ${count} have no key: they show mistakes, not forgery, until GANTRY_KEYS is set and another follows them`
