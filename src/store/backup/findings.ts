import { Failure, type Problem } from '../../errors.ts'
import { verifyAudit, type Mac } from '../audit.ts'
import type { AccountSql, Sql } from '../sql.ts'
import type { Vault } from '../vault.ts'
import type { RecordName } from '../vault/record.ts'

/** Secrets that cannot be read, though the vault has its keys: a sentence for each. */
export async function unreadableSecrets(sql: AccountSql, vault: Vault): Promise<readonly Problem[]> {
  const names = sql.all<{ [K in keyof RecordName]: RecordName[K] }>(
    `select account, kind, id, field from vault_inventory union select account, kind, id, field from vault_record`,
  )
  const problems: Problem[] = []
  for (const name of names) {
    try {
      await vault.open(name)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      problems.push(error.problem)
    }
  }
  return problems
}

/** What is wrong with the two audit logs: a sentence for each. */
export function brokenLogs(sql: Sql, macs: readonly Mac[]): readonly string[] {
  return (['repository_audit', 'account_audit'] as const).flatMap((table) => {
    const verified = verifyAudit(sql, table, macs)
    return 'sentence' in verified ? [`The audit log of ${table === 'repository_audit' ? 'repositories' : 'accounts'}: ${verified.sentence}`] : []
  })
}
