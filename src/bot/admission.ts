import type { Clock } from '../deploy/clock.ts'
import type { DeployRequest, Door } from '../deploy/deployment.ts'
import type { Admission, Admissions } from '../deploy/journal.ts'
import { homeOf, tooMany, TOLD_ONCE_IN, type Limits, type Shortage } from '../deploy/limits.ts'
import { isStranger, type Facts } from '../deploy/source.ts'
import { utc } from '../deploy/wording.ts'
import { problem } from '../errors.ts'
import { problemComment, type Links } from './comments.ts'

export interface AdmissionDoors {
  readonly limits: Limits
  readonly admissions: Admissions
  readonly clock: Clock
  readonly links: Links
}

/**
 * Whether a delivery's commands are within the limits of their author, the repository and its account: all of them or none. Given once,
 * before anything is done; may be asked again.
 */
export async function admit(request: DeployRequest, count: number, look: () => Promise<Facts>, doors: AdmissionDoors): Promise<Admission> {
  const { key, repository, actor } = request
  const { limits, admissions, clock } = doors
  const given = admissions.find(key)
  if (given !== null) return given
  const short = await limits.takeAll([['change', String(actor.id)], ...homeOf(repository, request.isOutsider === true)], count)
  if (short === null) return give('within')
  if (admissions.isTold(repository.id, actor.id, clock.now())) return give('quiet')
  // Where GitHub does not say who it is, nobody is told, and whoever comes next may be.
  const facts = await look().catch(() => null)
  if (facts === null) return give('quiet')
  const until = clock.now() + TOLD_ONCE_IN
  const answer = isStranger(request, facts) ? null : answerTo(request, short, doors)
  return admissions.tell(key, { repository: repository.id, id: actor.id, until }, answer)

  function give(admission: 'within' | 'quiet'): Admission {
    admissions.give(key, admission)
    return admission
  }
}

const MINUTE = 60_000

/** A button that is pressed again is the same press. */
const AGAIN: Partial<Record<Door, string>> = { label: 'Add the label again', button: 'Ask for it in a comment' }

function answerTo({ key, door, repository, subject }: DeployRequest, short: Shortage, { clock, links }: AdmissionDoors) {
  if (subject === null) return null
  const now = clock.now()
  // Whole minutes, and not too early.
  const from = utc(now + short.wait + MINUTE - 1)
  const next = `${AGAIN[door] ?? 'Write it in a new comment'} from ${from} on; what is refused until ${utc(now + TOLD_ONCE_IN)} gets ${door === 'button' ? '' : 'a reaction and '}no comment.`
  const markdown = problemComment(problem('TOO_MANY_REQUESTS', { ...tooMany(short), next }), links)
  return { key, repository, subject, markdown, createdAt: now }
}
