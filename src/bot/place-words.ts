import type { Lock } from '../deploy/deployment.ts'
import { utc } from '../deploy/wording.ts'
import { person } from './comments.ts'
import { code, link, prose } from './markdown.ts'

/** `shop/production` as people call it, or all of a repository's environments. */
export const lockedPlace = (environment: string): string =>
  environment === '*' ? 'every environment of this repository' : `**${code(environment)}**`

/** Who holds it, until when, and why. */
export function lockWords({ owner, reason, until, url, environment }: Lock): string {
  const where = environment === '*' ? ', with every environment of this repository,' : ''
  const since = url === null ? '' : ` (${link('since this comment', url)})`
  return `locked${where} by ${owner === null ? 'Gantry' : person(owner.login)} ${until === null ? 'until somebody unlocks it' : `until ${utc(until)}`}: ${prose(reason)}${since}`
}
