import { readSent, secretsIn } from '../config/declarations.ts'
import type { Keychains, Operator } from '../config/operator.ts'
import type { Activity } from '../deploy/activity.ts'
import type { Administration, Changing, Expected, Keeping, Kept, Refused, ShownDeclaration, Trial } from '../deploy/administration.ts'
import type { Clock } from '../deploy/clock.ts'
import type { Declaration, DeclarationName } from '../deploy/declaration.ts'
import { bounded, maskedProblem, maskFor, type Mask } from '../deploy/mask.ts'
import { type Problem } from '../errors.ts'
import { notLent } from '../images.ts'
import type { Declarations } from '../store/declarations.ts'
import { createTurns } from '../store/turns.ts'
import { createAccountBackups, type Sealer } from './backups.ts'
import { declaredKinds, registryFamilies } from './choices.ts'
import { takenBy, refusal } from './confined.ts'
import { createHidden, ownerOf } from './hidden.ts'
import { createHoldings, KINDS, type Holdings } from './holdings.ts'
import { keepsSecrets, withKeptSecrets } from './kept-secrets.ts'
import type { Live } from './live.ts'
import { changed, crowded, full, long, noText, nothingTried, unknown, unproved, used } from './problems.ts'
import { tryOut, type TrialDoors } from './trials.ts'

export interface AdministrationDoors extends TrialDoors {
  readonly declarations: Declarations
  /** What the operator says of accounts. */
  readonly accounts: Operator['accounts']
  readonly keychains: Keychains
  readonly live: Live
  readonly activity: Activity
  readonly clock: Clock
  readonly mask: Mask
  readonly keys: Administration['keys']
  readonly audit: Administration['audit']
  readonly sealer: Sealer
}

/** Of each kind: what an account has at hand is in memory. */
const MOST = 100
/** Characters of all that an account keeps: reading 57,000 of them takes 30 ms. */
const MOST_CHARACTERS = 256 * 1024
/** Characters as it is kept: the vault's own limit is a little above. */
const LONGEST = 60_000
/** Of what somebody else says. */
const LONGEST_WORDS = 1_000

/** Changes of one account one after the other; each is on disk, with its record in the audit log, before it is used. */
export function createAdministration(doors: AdministrationDoors): Administration {
  const { declarations, accounts, activity, clock, live } = doors
  const holdings = createHoldings(doors)
  const inTurn = createTurns()
  const hidden = createHidden(doors.hide)
  const maskOf = (account: number): Mask => bounded(maskFor(doors.mask, { account }), LONGEST_WORDS)
  const told = <T extends object>({ account }: DeclarationName, result: T | Refused): T | Refused =>
    'problem' in result ? { ...result, problem: maskedProblem(result.problem, maskOf(account)) } : result
  const shown = (trials: readonly Trial[], { account }: DeclarationName) => trials.map((trial) => maskedTrial(trial, maskOf(account)))

  async function keep(which: DeclarationName, document: unknown, wish: Keeping): Promise<Kept | Refused> {
    const read = readMeant(which, document, wish.expected, await holdings.of(which.account), doors)
    if ('problem' in read) return read
    const now = hidden.take(secretsIn(read.declaration), ownerOf(read.declaration))
    try {
      const trials = wish.images === null ? [] : await tryOut(read.operator, wish.images, doors)
      const problem = wish.images === null ? null : unproved(trials)
      // Before it is forgotten again.
      if (problem !== null) return { problem: maskedProblem(problem, maskOf(which.account)), trials: shown(trials, which) }
      const done = await inTurn(which.account, () => write(which, document, wish))
      if ('problem' in done) return done
      now.isKept(which)
      return { ...done, trials: shown(trials, which) }
    } finally {
      now.forget()
    }
  }

  /** Everything once more: while it was tried, somebody else may have changed what it rests on. */
  async function write(which: DeclarationName, document: unknown, { by, expected }: Changing): Promise<Omit<Kept, 'trials'> | Refused> {
    const holding = await holdings.of(which.account)
    const before = holding.find(which)
    const read = readMeant(which, document, expected, holding, doors)
    const problem = 'problem' in read ? read.problem : fullWith(read.declaration, before, holding)
    if (problem !== null || 'problem' in read) return { problem: problem as Problem }
    await declarations.put(read.declaration, clock.now(), by)
    return { shown: (await use(which)) as ShownDeclaration, isNew: before === null }
  }

  /** From now on what is on disk is what is used. */
  async function use(which: DeclarationName): Promise<ShownDeclaration | null> {
    const holding = await holdings.of(which.account)
    holding.bring(live, [which])
    return holding.find(which)
  }

  async function remove(which: DeclarationName, { by, expected }: Changing): Promise<{ readonly before: ShownDeclaration } | Refused> {
    const holding = await holdings.of(which.account)
    const before = holding.find(which)
    if (before === null) return { problem: unknown(which) }
    const users = which.kind === 'credential' ? holding.targetsWith(which.name) : []
    const problem = refusedBy(expected, before, which) ?? (users.length > 0 ? used(which, users) : null)
    if (problem !== null) return { problem }
    await declarations.remove(which, clock.now(), by)
    await use(which)
    hidden.leave(which)
    return { before }
  }

  return {
    administrators: (account) => accounts.get(account)?.administrators ?? [],
    list: async (account, kind) => (await holdings.of(account)).list(kind),
    find: holdings.find,
    keep: (which, document, wish) => activity.run(async () => told(which, await keep(which, document, wish))),
    remove: (which, wish) => activity.run(async () => told(which, await inTurn(which.account, () => remove(which, wish)))),
    test: (which, images) =>
      activity.run(async () => {
        const holding = await holdings.of(which.account)
        const found = holding.find(which)
        if (found === null) return { problem: unknown(which) }
        const part = holding.only(which)
        if (part === null) return { problem: nothingTried(found.unused ?? 'It cannot be read.') }
        return { trials: shown(await tryOut(part, images, doors), which) }
      }),
    ...{ families: registryFamilies, kinds: declaredKinds, keys: doors.keys, audit: doors.audit },
    ...createAccountBackups({ ...doors, holdings, inTurn, hidden }),
  }
}

function maskedTrial(trial: Trial, mask: Mask): Trial {
  const words = (problem: Problem | null): Problem | null => (problem === null ? null : maskedProblem(problem, mask))
  const rows = trial.rows.map((row) => ({ ...row, note: mask(row.note), problem: words(row.problem) }))
  return { ...trial, image: trial.image === null ? null : mask(trial.image), note: mask(trial.note), rows, problem: words(trial.problem) }
}

/** The same where what is there is what is expected. Which secrets stay is a question about that one alone, and is asked after it. */
function readMeant(which: DeclarationName, sent: unknown, expected: Expected, holding: Holdings, doors: AdministrationDoors) {
  const stale = refusedBy(expected, holding.find(which), which)
  if (stale !== null && keepsSecrets(sent)) return { problem: stale }
  const read = readWhole(which, sent, holding, doors)
  return 'problem' in read || stale === null ? read : { problem: stale }
}

/** Whatever can be said of a declaration before anything is asked. */
function readWhole(which: DeclarationName, sent: unknown, holding: Holdings, { accounts, keychains }: AdministrationDoors) {
  if (!isText(sent)) return { problem: noText() }
  const whole = withKeptSecrets(sent, holding.whole(which))
  if ('problem' in whole) return whole
  const isConfined = accounts.get(which.account)?.mayUseMachine !== true
  const read = readSent(which, whole.document, { kinds: KINDS, keychains, credentials: holding.credentials(which), isConfined })
  if ('problem' in read) return read
  const { length } = read.declaration.json
  if (length > LONGEST) return { problem: long(length, LONGEST) }
  const [declared] = [...read.operator.credentials.values(), ...read.operator.targets.values()]
  const taken = declared === undefined ? null : takenBy(declared)
  if (taken !== null) return { problem: refusal(taken) }
  const [credential] = [...read.operator.targets.values()].map((target) => target.credential)
  if (credential != null && holding.isOperators(credential)) return { problem: notLent(credential) }
  return read as { readonly declaration: Declaration; readonly operator: Operator }
}

function refusedBy(expected: Expected, before: ShownDeclaration | null, which: DeclarationName): Problem | null {
  if (expected === 'whatever') return null
  if (expected === 'nothing') return before === null ? null : changed(which, before)
  const isMeant = before !== null && (expected === 'anything' || expected.includes(before.fingerprint))
  return isMeant ? null : changed(which, before)
}

function fullWith(wanted: Declaration, before: ShownDeclaration | null, holding: Holdings): Problem | null {
  if (before === null && holding.count(wanted.kind) >= MOST) return full(wanted.kind, MOST)
  const { own, others } = holding.sizes(wanted)
  const { length } = wanted.json
  // The operator may have put more there, which it may be made less of.
  return length > own && others + length > MOST_CHARACTERS ? crowded(others + length, MOST_CHARACTERS) : null
}

/** JSON can say what no text is. */
function isText(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && isText(inner))
}
