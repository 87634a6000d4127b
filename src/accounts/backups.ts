import { secretsIn } from '../config/declarations.ts'
import type { Activity } from '../deploy/activity.ts'
import type { AccountBackup, Administration, Difference, Expected, MadeBackup, OtherDifference, Restoring } from '../deploy/administration.ts'
import type { AuditEntry } from '../deploy/audit.ts'
import type { Clock } from '../deploy/clock.ts'
import { declarationWords, type Declaration } from '../deploy/declaration.ts'
import type { Person } from '../deploy/deployment.ts'
import { sha256 } from '../deploy/plan.ts'
import { Failure } from '../errors.ts'
import type { Declarations } from '../store/declarations.ts'
import { accountBackupName } from '../store/backup/account-backup.ts'
import { ownerOf, type Hidden } from './hidden.ts'
import { otherDifference } from './problems.ts'
import type { createHoldings } from './holdings.ts'
import type { Live } from './live.ts'
import type { createTurns } from '../store/turns.ts'

/** The keys of this Gantry's backups. */
export interface Sealer {
  /** Throws VAULT_KEY_MISSING. */
  seal(whose: Pick<AccountBackup, 'account' | 'madeAt'>, text: string): Promise<AccountBackup>
  /** Throws BACKUP_BROKEN, BACKUP_REFUSED. */
  open(account: number, backup: AccountBackup): Promise<string>
  /** Stands in the account's log. */
  note(account: number, entry: AuditEntry): void
}

interface BackupDoors {
  readonly declarations: Declarations
  readonly live: Live
  readonly activity: Activity
  readonly clock: Clock
  readonly sealer: Sealer
  readonly holdings: ReturnType<typeof createHoldings>
  readonly inTurn: ReturnType<typeof createTurns>
  readonly hidden: Hidden
}

/** Characters of what is sealed: restoring it has room in 4 MiB. */
const LARGEST = 4_000_000

export function createAccountBackups(doors: BackupDoors): Pick<Administration, 'backup' | 'restore'> {
  const { declarations, clock, sealer, activity, inTurn } = doors

  async function make(account: number, by: Person): Promise<MadeBackup> {
    const all = await declarations.of(account)
    const kept = all.flatMap((one) => ('json' in one ? [backedUp(one)] : []))
    const madeAt = clock.now()
    const backup = await sealer.seal({ account, madeAt }, JSON.stringify({ declarations: kept }))
    if (backup.sealed.length > LARGEST) throw tooLarge(backup.sealed.length)
    sealer.note(account, entryOf('backup made', backup, { at: madeAt, by, after: await nameOf(backup) }))
    return { backup, declarations: kept.length, left: all.flatMap((one) => ('why' in one ? [declarationWords(one)] : [])) }
  }

  async function restore(account: number, backup: AccountBackup, { by, isCheck, expected }: Restoring): Promise<Difference | OtherDifference> {
    const wanted = declarationsIn(account, await sealer.open(account, backup))
    const found = await declarations.compare(account, wanted)
    if (isCheck) return found
    if (!isExpected(found, expected)) return { problem: otherDifference(found), found }
    const entry = entryOf('backup restored', backup, { at: clock.now(), by, after: await nameOf(backup) })
    await declarations.replace(account, wanted, found.changes, entry)
    for (const one of wanted) doors.hidden.take(secretsIn(one), ownerOf(one)).isKept(one)
    const holding = await doors.holdings.of(account)
    holding.bring(doors.live, found.changes)
    return found
  }

  return {
    backup: (account, by) => activity.run(() => make(account, by)),
    restore: (account, backup, wish) => activity.run(() => inTurn(account, () => restore(account, backup, wish))),
  }
}

/** Whoever sends it twice has what they wanted: nothing is left to change. */
const isExpected = ({ changes, fingerprint }: Difference, expected: Expected): boolean =>
  changes.length === 0 || expected === 'whatever' || expected === 'anything' || (expected !== 'nothing' && expected.includes(fingerprint))

type BackedUp = Pick<Declaration, 'kind' | 'name' | 'json' | 'origin'>

function backedUp({ kind, name, json, isConfined, origin = isConfined ? 'unknown' : 'operator' }: Declaration): BackedUp {
  return { kind, name, json, origin }
}

/** Whoever declared it then, what comes back through the API reaches nothing of this machine; whose secret it is stays as it was. */
function declarationsIn(account: number, text: string): readonly Declaration[] {
  const { declarations } = JSON.parse(text) as { readonly declarations: readonly BackedUp[] }
  return declarations.map(({ kind, name, json, origin = 'unknown' }) => ({ account, kind, name, json, isConfined: true, origin }))
}

const nameOf = async ({ sealed }: AccountBackup): Promise<string> => `sha256:${await sha256(sealed)}`

const entryOf = (action: AuditEntry['action'], backup: AccountBackup, { at, by, after }: Pick<AuditEntry, 'at' | 'by' | 'after'>): AuditEntry => ({
  at,
  by,
  action,
  subject: accountBackupName(backup),
  before: null,
  after,
  why: null,
  request: null,
})

const tooLarge = (found: number): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: 'The account keeps more than a backup through the API has room for.',
    found: `${found} characters`,
    wanted: `at most ${LARGEST}`,
    next: 'Ask whoever runs Gantry to back up the whole of it.',
  })
