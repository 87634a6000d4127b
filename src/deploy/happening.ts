import { NOTHING_ASKED, type Person, type Repository } from './deployment.ts'
import { atLeast } from './environment.ts'
import type { Notice } from './notice.ts'
import type { RolloutDoors } from './step.ts'

/** What GitHub tells that a waiting or queued deployment may have waited for, or that ends it. */
export type Happening =
  /** A pull request's head is another one, or the branch that it goes to: then that is `base`. `at`: GitHub's clock, milliseconds. */
  | {
      readonly kind: 'head'
      readonly repository: Repository
      readonly pull: number
      readonly head: string
      readonly at: number
      readonly base?: string
    }
  /** A check on this commit has ended. */
  | { readonly kind: 'checks'; readonly repository: Repository; readonly commit: string }
  /** A review was given or dismissed, a draft made ready, a thread reopened: anything about a thread that gates look at. */
  | { readonly kind: 'thread'; readonly repository: Repository; readonly subject: number }
  /** `at`: GitHub's clock, milliseconds. `by`: left out where it was merged, or closed by an App: outsiders can do neither. */
  | { readonly kind: 'closed'; readonly repository: Repository; readonly subject: number; readonly at: number; readonly by?: Person }
  /** An image was pushed. */
  | { readonly kind: 'image'; readonly repository: Repository }
  /** The App was taken off the account, or suspended; where `repositories` are given, off these alone. `at`: of what is told late, GitHub's clock, milliseconds. */
  | { readonly kind: 'gone'; readonly installation: number; readonly repositories?: readonly number[]; readonly at?: number }

export interface HappeningDoors extends RolloutDoors {
  readonly go: (id: string) => void
  readonly tell: (notice: Notice) => void
}

/** May be repeated. Throws what `Source.look` throws; everything that needs no answer of GitHub's is done before. */
export async function happened(event: Happening, doors: HappeningDoors): Promise<void> {
  const { heads, journal, go } = doors
  if (event.kind === 'gone') return gone(event, doors)
  if (event.kind === 'head') heads.told(event.repository.id, event.pull, event.head, event.at)
  const subject = event.kind === 'head' ? event.pull : 'subject' in event ? event.subject : null
  for (const { id, state, request, plan, wait } of journal.open()) {
    if (request.repository.id !== event.repository.id || (state !== 'waiting' && state !== 'queued')) continue
    const isMeant =
      event.kind === 'checks'
        ? wait?.reason === 'checks' && plan?.commit === event.commit
        : event.kind === 'image'
          ? wait?.reason === 'image'
          : request.subject?.number === subject
    if (isMeant) go(id)
  }
  if (event.kind === 'closed') await giveUpLocks(event, doors)
}

/** Whoever wrote a thread may close it, a stranger too: that gives nobody's lock up but their own. */
async function giveUpLocks({ repository, subject, at, by }: Extract<Happening, { kind: 'closed' }>, doors: HappeningDoors): Promise<void> {
  const { locks, clock, tell } = doors
  // Told late, of a thread that was opened again: what was locked since then stands.
  const taken = locks.takenOn(repository.id, subject, clock.now()).filter(({ askedAt }) => askedAt <= at)
  const others = taken.filter(({ owner }) => by !== undefined && owner?.id !== by.id)
  const kept = by !== undefined && others.length > 0 && !(await maySpeakFor(by, repository, doors)) ? others : []
  for (const lock of taken) {
    const key = `n:${repository.id}:lock:${lock.id}`
    if (by !== undefined && kept.includes(lock)) {
      tell({ key: `${key}:kept`, kind: 'lock kept', lock, by })
      continue
    }
    // Said first: a process that dies here says it again, under the same key, and releases it then.
    tell({ key: `${key}:closed`, kind: 'lock released', lock })
    locks.release(lock.id, { by: by ?? null, at: clock.now(), request: `${key}:closed` })
  }
}

async function maySpeakFor({ id, login }: Person, repository: Repository, doors: HappeningDoors): Promise<boolean> {
  const now = doors.clock.now()
  const { actor } = await doors.source.look(
    {
      ...{ key: '', door: 'comment', repository, subject: null, actor: { id, login, app: null }, comment: null, headSeen: null },
      ...{ asks: NOTHING_ASKED, askedAt: now, receivedAt: now },
    },
    { commit: null },
  )
  return actor.id === id && atLeast(actor.role, 'write')
}

/**
 * Nobody could be told any more what becomes of them. What is being applied goes on to its end: the target is not left half way. What
 * was asked for later shows that the App was there again.
 */
function gone({ installation, repositories, at = Infinity }: Extract<Happening, { kind: 'gone' }>, { journal, clock, go }: HappeningDoors): void {
  for (const { id, state, request } of journal.open()) {
    const isGone = request.repository.installation === installation && (repositories?.includes(request.repository.id) ?? true)
    if (!isGone || request.askedAt > at || state === 'applying' || state === 'observing' || state === 'restoring') continue
    journal.cancel(id, { key: `g:${installation}`, by: { id: 0, login: 'the removal of the App' }, at: clock.now() })
    go(id)
  }
}
