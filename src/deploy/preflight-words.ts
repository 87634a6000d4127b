import type { PreflightReport, PreflightRow, PreflightRowName } from './images.ts'
import type { Mark } from './words.ts'

interface RowWords {
  readonly passed: string
  readonly failed: string
  /** What was not looked at, because something before it failed. */
  readonly skipped: string
}

/** What each row of the preflight says, once for every door. */
const SAYS: Readonly<Record<PreflightRowName, RowWords>> = {
  target: { passed: 'The target can pull from this registry', failed: 'The target cannot pull from this registry', skipped: 'the target' },
  credential: { passed: 'The credential looks right', failed: 'The credential cannot work', skipped: 'the credential' },
  challenge: { passed: 'The registry answers', failed: 'The registry does not answer properly', skipped: 'the registry’s answer' },
  token: { passed: 'Signed in', failed: 'Not signed in', skipped: 'signing in' },
  manifest: { passed: 'The image is there', failed: 'The image cannot be read', skipped: 'the image' },
  platform: { passed: 'It is built for the platform', failed: 'It is not built for the platform', skipped: 'its platform' },
  config: { passed: 'Its parts can be downloaded', failed: 'Its parts cannot be downloaded', skipped: 'downloading its parts' },
  size: { passed: 'Its size', failed: 'Its size is not known', skipped: 'its size' },
  lifetime: {
    passed: 'The credential lives long enough',
    failed: 'The credential does not live long enough',
    skipped: 'how long the credential lives',
  },
}

const MARKS: Readonly<Record<PreflightRow['outcome'], Mark>> = { passed: 'done', warned: 'waiting', failed: 'failed', skipped: 'skipped' }

export const rowMark = ({ outcome }: PreflightRow): Mark => MARKS[outcome]

export function rowWords({ name, outcome }: PreflightRow): string {
  const { passed, failed, skipped } = SAYS[name]
  if (outcome === 'skipped') return `Not looked at: ${skipped}`
  return outcome === 'failed' ? failed : passed
}

/** The first line: whether it can be pulled, and by whom. */
export function verdict({ isPullable, isProved, as }: PreflightReport): string {
  if (!isPullable) return 'cannot be pulled'
  return isProved ? `can be pulled (${as})` : 'can be pulled by anybody; what the target itself may pull is not proved'
}
