import type { PreflightReport, PreflightRow, PreflightRowName } from './images.ts'
import type { Mark } from './words.ts'

/** What each row of the preflight says, once for every door. */
const SAYS: Readonly<Record<PreflightRowName, readonly [passed: string, failed: string]>> = {
  target: ['The target can pull from this registry', 'The target cannot pull from this registry'],
  credential: ['The credential looks right', 'The credential cannot work'],
  challenge: ['The registry answers', 'The registry does not answer properly'],
  token: ['Signed in', 'Not signed in'],
  manifest: ['The image is there', 'The image cannot be read'],
  platform: ['It is built for the platform', 'It is not built for the platform'],
  config: ['Its parts can be downloaded', 'Its parts cannot be downloaded'],
  size: ['Its size', 'Its size is not known'],
  lifetime: ['The credential lives long enough', 'The credential does not live long enough'],
}

const MARKS: Readonly<Record<PreflightRow['outcome'], Mark>> = { passed: 'done', warned: 'waiting', failed: 'failed', skipped: 'skipped' }

export const rowMark = ({ outcome }: PreflightRow): Mark => MARKS[outcome]

export function rowWords({ name, outcome }: PreflightRow): string {
  const [passed, failed] = SAYS[name]
  return outcome === 'failed' ? failed : passed
}

/** The first line: whether it can be pulled, and by whom. */
export function verdict({ isPullable, isProved, as }: PreflightReport): string {
  if (!isPullable) return 'cannot be pulled'
  return isProved ? `can be pulled (${as})` : 'can be pulled by anybody; what the target itself may pull is not proved'
}
