import { isAutomatic } from '../deploy/deployment.ts'
import type { Answer } from '../deploy/journal.ts'
import type { Notice } from '../deploy/notice.ts'
import { shortImages } from '../deploy/words.ts'
import { capital, utc } from '../deploy/wording.ts'
import { MARKS, person } from './comments.ts'
import { code, mention, prose } from './markdown.ts'
import { lockedPlace, lockWords } from './place-words.ts'

/** What nobody asked about, told on the thread that it belongs to; null where it belongs to none. */
export function noticeAnswer(notice: Notice, now: number): Answer | null {
  const { repository, subject } = notice.kind === 'drift' ? notice.deployment.request : notice.lock
  return subject === null ? null : { key: notice.key, repository, subject, markdown: noticeWords(notice), createdAt: now }
}

function noticeWords(notice: Notice): string {
  if (notice.kind === 'drift') return driftWords(notice)
  const { owner, environment, reason, until } = notice.lock
  const place = lockedPlace(environment)
  if (notice.kind === 'lock released')
    return `${MARKS.done} ${place} is free again: ${owner === null ? 'the lock' : `the lock of ${person(owner.login)}`} ended with this thread.`
  if (notice.kind === 'lock kept') {
    const free = `/unlock ${environment === '*' ? '--all' : environment}`
    return `${MARKS.waiting} ${capital(place)} stays ${lockWords(notice.lock)}. ${person(notice.by.login)}, who closed this thread, may not give it up; ${code(free)} does.`
  }
  if (notice.kind === 'lock given up')
    return `${MARKS.done} ${capital(place)} is free again: ${person(notice.by.login)} gave it up on Gantry's page for ${owner === null ? 'Gantry' : mention(owner.login)}, who had locked it (${prose(reason)}).`
  const again = `/lock ${environment === '*' ? '--all' : environment} "${reason.replace(/["\\]/g, '\\$&')}" --for 1d`
  return [
    `${MARKS.waiting} ${owner === null ? '' : `${mention(owner.login)}, `}your lock on ${place} (${prose(reason)}) ends at ${until === null ? 'once' : utc(until)}.`,
    `- **Next:** nothing, if you are done; to keep it, type ${code(again, 1_100)}`,
  ].join('\n\n')
}

function driftWords({ deployment, seen }: Extract<Notice, { kind: 'drift' }>): string {
  const { id, plan, request } = deployment
  const environment = plan?.environment ?? ''
  const whom = isAutomatic(request.door) ? '' : `${mention(request.actor.login)}, `
  return [
    `${MARKS.unknown} ${whom}**${code(environment)}** runs something else than ${code(plan === null ? 'what was deployed' : shortImages(plan))}, and nobody asked Gantry for it.`,
    [
      `- **Found:** ${code(seen, 400)}`,
      `- **Wanted:** ${code((plan?.artifacts ?? []).map(({ digest }) => digest).join(', '), 400)}`,
      `- **Next:** find out who changed it; ${code(`/rollback ${plan?.app}/${environment} --to ${id}`)} brings back what was deployed`,
    ].join('\n'),
  ].join('\n\n')
}
