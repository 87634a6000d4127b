import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { placeTargets } from '../accounts/placing.ts'
import { compare, type Compared } from '../deploy/believed.ts'
import { Failure } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { keyWords } from '../store/backup/backup-keys.ts'
import { backupName, keysOf, timeInName, type Manifest } from '../store/backup/manifest.ts'
import { createJournal } from '../store/deployments.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { isFolder, openBackupFolder, type BackupFolder } from './backup-folder.ts'
import { makeBackup } from './backup.ts'
import { systemClock } from './clock.ts'
import { entropy } from './entropy.ts'
import { fetchBackup, type Fetching } from './move.ts'
import { otherInstallation } from './operator-client.ts'
import { loadOperatorFile } from './operator-file.ts'
import { restore as putBack, type Done } from './restore.ts'
import { secretsIn } from './secrets.ts'
import { readSqlite } from './sqlite.ts'
import { targetDoors } from './target-doors.ts'
import { verifyBackup, type Verified } from './verify-backup.ts'
import { problemLines, type CliCommand, type Terminal } from './terminal.ts'
import { withWorkFolder } from './work-folder.ts'

const BACKUP_HELP = `gantry backup [FILE]
               the database as it is now, encrypted under the first key of GANTRY_KEYS, beside a Gantry that runs or without one
gantry backup --from URL FILE [--anyway]
               the same of the installation on Cloudflare Workers at that address; --anyway where an audit log was changed there
gantry backup --from FOLDER FILE [--anyway]
               the same of a backup that such an installation made of itself, with what was fetched of it from its bucket`

const RESTORE_HELP = `gantry restore FILE --check
               whether the backup is whole and can be read; changes nothing. Ends with 3 where something in it was broken before,
               with 4 where it is not as Gantry wrote it, and with 1 where that could not be found out
gantry restore FILE [--replace]
               puts the backup in the database's place; --replace keeps the one that is there beside it. Gantry must not run`

export const backup: CliCommand = { name: 'backup', help: BACKUP_HELP, run: backupCommand }

export const restore: CliCommand = { name: 'restore', help: RESTORE_HELP, run: restoreCommand }

/** `gantry backup …`. Answers with the exit code: 0 it is made, 2 the words are wrong. Throws a `Failure`. */
async function backupCommand(words: readonly string[], { settings, print, say }: Terminal): Promise<0 | 2> {
  const asked = readWords(words, { from: { type: 'string' }, anyway: { type: 'boolean' } })
  const { from, anyway = false } = asked?.values ?? {}
  const isWrong = from === undefined ? anyway : asked?.files.length !== 1
  if (asked === null || asked.files.length > 1 || isWrong) return wrong('backup', words, say)
  const place = settings()
  const now = madeAt(asked.files[0], systemClock.now())
  if (from !== undefined) return backupOfOther(from, { ...asked, anyway, now }, place, { print, say })
  const to = asked.files[0] ?? join(place.backups.folder, backupName(now))
  const manifest = await makeBackup(place, to, now)
  print(`Made ${to}: ${contentWords(manifest)}. It opens with ${keyWords(keysOf(manifest))}.`)
  return 0
}

interface Wanted {
  readonly files: readonly string[]
  readonly anyway: boolean
  readonly now: number
}

/** An installation by its address, or what it backed up. */
async function otherAt(from: string, { keys }: Settings): Promise<Fetching['other'] & Partial<BackupFolder>> {
  if (isFolder(from) || !URL.canParse(from)) return openBackupFolder(from, localKeys(keys, entropy))
  return otherInstallation(from, { keys, fetch: globalThis.fetch, now: systemClock.now })
}

async function backupOfOther(
  from: string,
  { files: [to = ''], anyway, now }: Wanted,
  place: Settings,
  { print, say }: Pick<Terminal, 'print' | 'say'>,
): Promise<0> {
  const { manifest, findings } = await withWorkFolder(place.data, async (folder) => {
    const other = await otherAt(from, place)
    return fetchBackup({ place, other, folder, to, now: other.madeAt ?? now, anyway })
  })
  print(`Made ${to} of ${from}: ${contentWords(manifest)}. It opens with ${keyWords(keysOf(manifest))}.`)
  for (const finding of findings) say(`Already so when the backup was made: ${finding}`)
  return 0
}

/** Milliseconds that may pass between somebody's giving it its name and its being made. */
const A_WHILE = 600_000

/** A name of our own form is kept to, where it says now. */
function madeAt(file: string | undefined, now: number): number {
  const named = timeInName(basename(file ?? ''))
  return named !== null && named <= now && now - named < A_WHILE ? named : now
}

/** The exit code of a check that finds a whole backup of a database in which something was wrong already. */
export const WHOLE_BUT = 3

/** The exit code of a check that finds that it is no backup any more. Where it could not look it is another one. */
export const BROKEN = 4

/** `gantry restore …`. Answers with the exit code: 0 done, or whole; 2 the words are wrong; `WHOLE_BUT`; `BROKEN`. Throws a `Failure`. */
async function restoreCommand(words: readonly string[], machine: Terminal): Promise<0 | 2 | typeof WHOLE_BUT | typeof BROKEN> {
  const asked = readWords(words, { check: { type: 'boolean' }, replace: { type: 'boolean' } })
  const { check, replace = false } = asked?.values ?? {}
  const [file, ...more] = asked?.files ?? []
  if (file === undefined || more.length > 0 || (check === true && replace)) return wrong('restore', words, machine.say)
  const settings = machine.settings()
  if (check === true) return tryOut(file, settings, machine)
  let compared: readonly Compared[] = []
  const look = async (verified: Verified): Promise<number> => {
    compared = await askTargets(verified, settings, machine)
    return compared.reduce((highest, { fence }) => Math.max(highest, fence), 0)
  }
  tell(await putBack(file, settings, { now: systemClock.now(), replace, look }), compared, machine)
  return 0
}

async function tryOut(file: string, settings: Settings, machine: Terminal): Promise<0 | typeof WHOLE_BUT | typeof BROKEN> {
  try {
    const verified = await withWorkFolder(settings.data, (folder) => verifyBackup(file, settings, folder))
    machine.print(`${file} is whole: made at ${timeOf(verified)}, ${contentWords(verified.manifest)}.`)
    return tellFindings(verified, machine)
  } catch (error) {
    if (!(error instanceof Failure) || error.problem.code !== 'BACKUP_BROKEN') throw error
    for (const line of problemLines([error.problem])) machine.say(line)
    return BROKEN
  }
}

type Flags = Readonly<Record<string, { readonly type: 'boolean' | 'string' }>>

function readWords(words: readonly string[], options: Flags) {
  try {
    const { values, positionals } = parseArgs({ args: [...words], allowPositionals: true, options })
    return { values: values as Partial<Record<'check' | 'replace' | 'anyway', boolean> & Record<'from', string>>, files: positionals }
  } catch {
    return null
  }
}

function wrong(command: string, words: readonly string[], say: Terminal['say']): 2 {
  say(`There is no command "gantry ${[command, ...words].join(' ')}".\n\n${BACKUP_HELP}\n${RESTORE_HELP}`)
  return 2
}

/** A backup is restored without its targets, too: they may be gone with the machine. */
export async function askTargets(
  { database, mac }: Pick<Verified, 'database' | 'mac'>,
  settings: Settings,
  machine: Terminal,
): Promise<readonly Compared[]> {
  const sql = readSqlite(database)
  try {
    const { declarations } = await secretsIn(sql, settings)
    const targets = placeTargets(loadOperatorFile(settings.config, machine, await declarations.all()), targetDoors(settings))
    return await compare(createJournal(sql, mac), targets, systemClock)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    machine.say(`The targets were not asked what they run: ${error.problem.sentence}`)
    return []
  } finally {
    sql.close()
  }
}

/** What differs comes first. */
const MOST_LINES = 200

function tell(done: Done, compared: readonly Compared[], machine: Terminal): void {
  const { verified, kept, unknown, cancelled, deliveries } = done
  const { print } = machine
  print(`Restored the backup of ${timeOf(verified)}: ${contentWords(verified.manifest)}.`)
  if (kept !== null) print(`The database that was there is ${kept}.`)
  print(
    `Of what had not ended then: ${cancelled} cancelled, ${unknown} of unknown outcome, ${deliveries} deliveries left alone. None of it runs again.`,
  )
  const lines = compared.toSorted((a, b) => Number(a.observed === 'same') - Number(b.observed === 'same')).map(comparedWords)
  for (const line of lines.slice(0, MOST_LINES)) print(line)
  if (lines.length > MOST_LINES) print(`And ${lines.length - MOST_LINES} more environments.`)
  if (compared.some(({ observed }) => observed !== 'same'))
    print('Nothing was deployed. Where it differs, see what runs with /status there, then deploy what shall run.')
  tellFindings(verified, machine)
  print('Start Gantry.')
}

function comparedWords({ place, target, recorded, observed }: Compared): string {
  if (observed === 'same') return `as recorded  ${place}: ${recorded}`
  if ('unknown' in observed) return `not asked    ${place}: recorded ${recorded}; target ${target}: ${observed.unknown}`
  return `differs      ${place}: recorded ${recorded}; target ${target} runs ${observed.runs}`
}

function tellFindings({ findings }: Verified, { say }: Terminal): 0 | typeof WHOLE_BUT {
  for (const finding of findings) say(`Already so when the backup was made: ${finding}`)
  return findings.length === 0 ? 0 : WHOLE_BUT
}

const timeOf = ({ manifest }: Verified): string => new Date(manifest.madeAt).toISOString()

const contentWords = ({ deployments, rows, bytes, hash }: Manifest): string =>
  `deployments ${deployments}, rows ${rows}, ${(bytes / 1e6).toFixed(1)} MB, content ${hash.slice(0, 16)}`
