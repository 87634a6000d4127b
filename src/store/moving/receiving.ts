import { backupName } from '../backup/manifest.ts'
import { generationIn, restoredAccounts, restoredRepositories, type Ended } from '../backup/restored.ts'
import { Failure } from '../../errors.ts'
import type { Mac } from '../audit.ts'
import type { Sql } from '../sql.ts'
import type { KeySource } from '../vault/key-source.ts'
import { openArrivals } from './arriving.ts'
import { isOperators, partName, type Part } from './parts.ts'
import { openPart, type OpenedPart } from './sealed-part.ts'
import { emptyOf, isEmptyFor, settle } from './settling.ts'

export interface Receiving {
  readonly source: KeySource
  /** The audit logs' key; `vault`: what arrives for account 0 brings its own (`readAuditMac`), for any other part it is the installation's. */
  mac(vault: Sql): Promise<Mac>
  /** The installation's id; null where it is not known yet. */
  readonly instance: string | null
  readonly now: number
  /** Never used before. */
  readonly nonce: string
  /** What is there already is given up for it. */
  readonly instead: boolean
}

export interface Received extends Ended {
  /** It had come before, and nothing was changed: an answer was lost, or somebody has sent it once more. */
  readonly isAgain: boolean
}

/**
 * A sealed part takes its place in an object of its own, all of it or nothing, and is from then on as after a restore (`backup/restored.ts`): nothing goes
 * on, fences rise. What the object has read into memory until then is of before: it has to begin anew. Throws BACKUP_REFUSED where something is
 * there already or it is another installation's, BACKUP_BROKEN, VAULT_KEY_MISSING, VAULT_KEY_WRONG.
 */
export async function receivePart(sql: Sql, part: Part, stream: AsyncIterable<Uint8Array>, doors: Receiving): Promise<Received> {
  const { source, instance, now, nonce, instead } = doors
  const opened = await openPart(source, stream)
  refuseForeign(opened, part, instance)
  const after = `sha256:${opened.fingerprint}`
  if (hasCome(sql, part, after)) return { ...NOTHING, isAgain: true }
  if (!instead && !isEmptyFor(sql, part)) throw inTheWay(part)
  const arrivals = openArrivals(sql, nonce)
  try {
    const about = await arrivals.take(part, opened.lines)
    const mac = await doors.mac(arrivals.vault)
    return sql.transaction(() => {
      const within: Sql = { all: (query, ...params) => sql.all(query, ...params), transaction: (work) => work() }
      if (!instead && !isEmptyFor(within, part)) throw inTheWay(part)
      const generation = Math.max(about.generation, generationIn(within) + 1)
      emptyOf(within, part)
      settle(within, { nonce, now, mac, parts: [about] })
      const restored = {
        ...{ now, madeAt: opened.manifest.madeAt, mac, entry: { subject: nameOf(opened), after, why: null } },
        generation: Math.max(generation, generationIn(within) + 1),
      }
      if (part.kind === 'account') restoredAccounts(within, restored)
      const ended = part.kind === 'repository' || isOperators(part) ? restoredRepositories(within, restored) : NOTHING
      return { ...ended, isAgain: false }
    })
  } catch (error) {
    arrivals.giveUp()
    throw error
  }
}

const NOTHING: Ended = { cancelled: 0, unknown: 0, deliveries: 0 }

/** As the audit log names it: `repository-42 of gantry-2026-11-25T23-11-12.123Z.backup`. */
const nameOf = ({ manifest: { part, madeAt } }: OpenedPart): string => `${part} of ${backupName(madeAt)}`

const hasCome = (sql: Sql, { kind }: Part, after: string): boolean =>
  sql.all(`select 1 from ${kind}_audit where action = 'backup restored' and after = ?`, after).length > 0

function refuseForeign({ manifest }: OpenedPart, part: Part, instance: string | null): void {
  if (manifest.part !== partName(part)) throw refused('This belongs to another place.', manifest.part, partName(part))
  // What a first start has made for itself is replaced by account 0's own.
  if (isOperators(part) || instance === null || instance === manifest.instance) return
  throw refused('This comes from another installation of Gantry.', `installation ${manifest.instance}`, `installation ${instance}`)
}

const refused = (sentence: string, found: string, wanted: string): Failure =>
  new Failure('BACKUP_REFUSED', { sentence, found, wanted, next: 'Move the whole installation: gantry move.' })

const inTheWay = (part: Part): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: 'There is something already where this is to go.',
    found: `rows of ${partName(part)}`,
    wanted: 'an installation that has never been used',
    next: 'If what is moved is to take its place, which gives up what is there, add --instead.',
  })
