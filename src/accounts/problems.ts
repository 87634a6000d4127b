import type { Difference, ShownDeclaration, Trial } from '../deploy/administration.ts'
import type { DeclarationName } from '../deploy/declaration.ts'
import { listed, quoted } from '../deploy/wording.ts'
import { problem, type Problem } from '../errors.ts'

/** Why what an administrator wants is not done, in words. */

export const unknown = ({ kind, name }: DeclarationName): Problem =>
  problem('DECLARATION_UNKNOWN', {
    sentence: `The account keeps no ${kind} ${quoted(name)}.`,
    found: name,
    next: `Ask for the list of its ${kind}s.`,
  })

export const changed = ({ kind, name }: DeclarationName, before: ShownDeclaration | null): Problem =>
  problem('DECLARATION_CHANGED', {
    sentence: `The ${kind} ${name} is not what the request expects.`,
    found: before === null ? 'none of that name' : before.fingerprint,
    wanted: 'what If-Match or If-None-Match says',
    next: 'Look at it as it is now, and send what you want then, with its ETag as If-Match.',
  })

export const otherDifference = ({ fingerprint }: Difference): Problem =>
  problem('DECLARATION_CHANGED', {
    sentence: 'What the backup would change is not what the request expects.',
    found: fingerprint,
    wanted: 'what If-Match says',
    next: 'Look at what would change now, with check=true, and send it again with that ETag as If-Match.',
  })

export const used = ({ name }: DeclarationName, targets: readonly string[]): Problem =>
  problem('DECLARATION_USED', {
    sentence: `The credential ${name} is named by a target of the account.`,
    found: listed(targets),
    wanted: 'a credential that no target names',
    next: 'Give those targets another credential, or remove them, and ask again.',
  })

export const full = (kind: DeclarationName['kind'], most: number): Problem =>
  problem('REQUEST_INVALID', {
    sentence: `The account keeps ${most} ${kind}s already.`,
    wanted: `at most ${most}`,
    next: `Remove a ${kind} that nobody needs.`,
  })

export const long = (characters: number, most: number): Problem =>
  problem('REQUEST_INVALID', {
    sentence: 'The declaration is too long.',
    ...{ found: `${characters} characters`, wanted: `at most ${most}`, next: 'Send less.' },
  })

export const crowded = (characters: number, most: number): Problem =>
  problem('REQUEST_INVALID', {
    sentence: 'The account would keep too much.',
    ...{ found: `${characters} characters in all`, wanted: `at most ${most}`, next: 'Send less, or remove what nobody needs.' },
  })

export const noText = (): Problem =>
  problem('REQUEST_INVALID', {
    sentence: 'The declaration has a text that is no Unicode.',
    ...{ found: 'half of a surrogate pair', wanted: 'texts that UTF-8 can write', next: 'Correct it.' },
  })

/** What was tried and did not work; null where all of it did. */
export function unproved(trials: readonly Trial[]): Problem | null {
  const failed = trials.find(({ works }) => !works)
  if (failed === undefined) return null
  const { problem: why, image } = failed
  return problem('DECLARATION_UNPROVED', {
    sentence: `It does not work, so nothing was kept.${why === null ? ` ${failed.note}` : ` ${why.sentence}`}`,
    found: [image, why?.code, why?.found].filter((part) => part != null).join(': '),
    ...(why?.wanted !== undefined && { wanted: why.wanted }),
    next: why?.next ?? 'Name an image that the credential is for.',
  })
}

export const nothingTried = (why: string): Problem =>
  problem('DECLARATION_UNPROVED', { sentence: 'It is kept and not used, so there is nothing to try.', found: why, next: 'Send it anew.' })
