import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generationOf } from '../deploy/fence.ts'
import { readAuditMac } from '../store/audit-key.ts'
import { migrateAccounts, migrateRepositories } from '../store/migrations.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { createVault } from '../store/vault.ts'
import type { Settings } from '../settings.ts'
import { askTargets } from './backup-commands.ts'
import { isFolder, openBackupFolder } from './backup-folder.ts'
import { damageIn, damaged, databaseIn } from './backup.ts'
import { systemClock } from './clock.ts'
import { entropy } from './entropy.ts'
import { hmac } from './mac.ts'
import { fetchBackup, sendAll, type Sent } from './move.ts'
import { otherInstallation } from './operator-client.ts'
import { markedGeneration } from './restore.ts'
import { lockDatabase, readSqlite, rewriteSqlite, snapshotInto } from './sqlite.ts'
import type { CliCommand, Terminal } from './terminal.ts'
import { verifyBackup } from './verify-backup.ts'
import { withWorkFolder } from './work-folder.ts'

const MOVE_HELP = `gantry move --to URL [--from FILE or FOLDER] [--instead] [--anyway]
               the database of a Gantry that does not run, or a backup (a folder has one that was fetched from its bucket), to the installation on
               Cloudflare Workers at that address; --instead gives up what is there, --anyway takes along an audit log that was changed`

export const move: CliCommand = { name: 'move', help: MOVE_HELP, run: moveCommand }

interface Asked {
  readonly to: string
  readonly from: string | null
  readonly instead: boolean
  readonly anyway: boolean
}

/** `gantry move …`. Answers with the exit code: 0 it is moved, 2 the words are wrong. Throws a `Failure`. */
async function moveCommand(words: readonly string[], machine: Terminal): Promise<0 | 2> {
  const asked = readWords(words)
  if (asked === null) {
    machine.say(`There is no command "gantry ${['move', ...words].join(' ')}".\n\n${MOVE_HELP}`)
    return 2
  }
  const settings = machine.settings()
  const other = otherInstallation(asked.to, { keys: settings.keys, fetch: globalThis.fetch, now: systemClock.now })
  // Whether it answers, before anything is copied.
  await other.list()
  const lock = asked.from === null ? stopped(settings) : null
  try {
    const sent = await withWorkFolder(settings.data, async (folder) => {
      const copy = await copyOf(asked, settings, folder, machine)
      const generation = Math.max(markedGeneration(settings), await seenByTargets(copy.database, settings, machine))
      const tell = (part: string, at: number, of: number) => machine.print(`${at} of ${of}: ${part}`)
      return sendAll({ ...asked, ...copy, place: settings, folder, other, generation, tell })
    })
    conclude(sent, asked.to, machine)
    return 0
  } finally {
    lock?.close()
  }
}

function readWords(words: readonly string[]): Asked | null {
  try {
    const options = { to: { type: 'string' }, from: { type: 'string' }, instead: { type: 'boolean' }, anyway: { type: 'boolean' } } as const
    const { to, from = null, instead = false, anyway = false } = parseArgs({ args: [...words], options }).values
    return to === undefined ? null : { to, from, instead, anyway }
  } catch {
    return null
  }
}

/** Two of one installation would answer every comment twice. */
const stopped = (settings: Settings) =>
  lockDatabase(databaseIn(settings), { sentence: 'Gantry runs. It is moved while it does not.', next: 'Stop Gantry, and ask again.' })

/** In a file of its own, brought to this version's schema. */
async function copyOf(
  asked: Asked,
  settings: Settings,
  folder: string,
  { say }: Terminal,
): Promise<{ readonly database: string; readonly madeAt: number }> {
  if (asked.from !== null) {
    const file = isFolder(asked.from) ? await oneFileOf(asked.from, asked.anyway, settings, folder, say) : asked.from
    const { database, manifest } = await verifyBackup(file, settings, folder)
    return { database, madeAt: manifest.madeAt }
  }
  const database = join(folder, 'moving.db')
  readSqlite(databaseIn(settings)).close()
  snapshotInto(databaseIn(settings), database)
  rewriteSqlite(database, (sql) => {
    const damage = damageIn(sql)
    if (damage !== null) throw damaged(damage)
    migrateRepositories(sql)
    migrateAccounts(sql)
  })
  return { database, madeAt: systemClock.now() }
}

async function oneFileOf(from: string, anyway: boolean, place: Settings, folder: string, say: Terminal['say']): Promise<string> {
  const [other, to] = [await openBackupFolder(from, localKeys(place.keys, entropy)), join(folder, 'parts.backup')]
  const { findings } = await fetchBackup({ place, other, folder, to, now: other.madeAt, anyway })
  for (const finding of findings) say(`Already so when the backup was made: ${finding}`)
  return to
}

/** The highest generation that targets remember, as before a restore. */
async function seenByTargets(database: string, settings: Settings, machine: Terminal): Promise<number> {
  const sql = readSqlite(database)
  try {
    const mac = await readAuditMac(createVault(sql, localKeys(settings.keys, entropy), entropy), hmac)
    const compared = await askTargets({ database, mac }, settings, machine)
    return Math.max(0, ...compared.map(({ fence }) => generationOf(fence)))
  } finally {
    sql.close()
  }
}

function conclude({ parts, cancelled, unknown, deliveries, findings }: Sent, to: string, { print, say }: Terminal): void {
  print(`Moved ${parts} parts to ${to}.`)
  print(`Of what had not ended: ${cancelled} cancelled, ${unknown} of unknown outcome, ${deliveries} deliveries left alone. None of it runs again.`)
  for (const finding of findings) say(`Already so before it was moved: ${finding}`)
  print('Do not start Gantry here any more: two of one installation answer every comment twice. Let GitHub’s App send its webhooks there now.')
}
