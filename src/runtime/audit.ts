import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { AuditHead } from '../deploy/audit.ts'
import { auditRecords, macUnder, verifyAudit, type AuditTable, type Mac } from '../store/audit.ts'
import type { Sql } from '../store/sql.ts'
import { hmac } from './mac.ts'
import { secretsIn } from './secrets.ts'
import { readSqlite } from './sqlite.ts'
import type { CliCommand } from './terminal.ts'

const AUDIT_HELP = `gantry audit verify [--known NUMBER:MAC …]
               whether the audit log is as it was written, up to the records that are known from elsewhere; ends with 0 only if it is
gantry audit export
               the audit log as JSON Lines, the oldest record first`

export const audit: CliCommand = {
  name: 'audit',
  help: AUDIT_HELP,
  run: async (words, { settings, print }) => {
    const { data, keys } = settings()
    const sql = readSqlite(join(data, 'gantry.db'))
    try {
      const { mac } = await secretsIn(sql, { keys })
      return auditCommand(words, { sql, macs: [mac, macUnder(hmac, null)], print })
    } finally {
      sql.close()
    }
  },
}

/** What people call the two logs: that of repositories is the one that GitHub Deployments carry the head of. */
const LOGS: readonly (readonly [name: 'repositories' | 'accounts', table: AuditTable])[] = [
  ['repositories', 'repository_audit'],
  ['accounts', 'account_audit'],
]

interface AuditMachine {
  readonly sql: Sql
  readonly macs: readonly Mac[]
  print(line: string): void
}

/** `gantry audit …`, beside a running Gantry or without one. Answers with the exit code: 0 as it was written, 1 it is not, 2 the words are wrong. */
function auditCommand(words: readonly string[], machine: AuditMachine): 0 | 1 | 2 {
  const asked = readWords(words)
  if (asked === null) {
    machine.print(AUDIT_HELP)
    return 2
  }
  return asked.does === 'export' ? exportAll(machine) : verify(asked.known, machine)
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

function exportAll({ sql, print }: AuditMachine): 0 {
  for (const [log, table] of LOGS) for (const record of auditRecords(sql, table)) print(JSON.stringify({ log, ...record }))
  return 0
}

function verify(known: readonly AuditHead[], { sql, macs, print }: AuditMachine): 0 | 1 {
  const wrong = LOGS.filter(([log, table]) => {
    const found = verifyAudit(sql, table, macs, log === 'repositories' ? known : [])
    if ('sentence' in found) print(`The log of ${log}: ${found.sentence}`)
    else print(`The log of ${log}: ${found.head.number} records, as they were written${headWords(found.head)}${unkeyedWords(found.unkeyed)}`)
    return 'sentence' in found
  })
  if (wrong.length > 0) print('Somebody has changed the database, or a part of it is lost: docs/security.md says what to do.')
  return wrong.length > 0 ? 1 : 0
}

const headWords = ({ number, mac }: AuditHead): string => (number === 0 ? '' : `; the last is ${number}:${mac}`)

const unkeyedWords = (count: number): string =>
  count === 0 ? '' : `. The first ${count} have no key: they show mistakes, not forgery, until GANTRY_KEYS is set and another follows them`
