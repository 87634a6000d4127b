import { repositoryUnknown } from './asking.ts'
import { repositoryName } from './endpoint.ts'
import type { Visit } from './visit.ts'

/** Where the pages of a repository are. */
export const REPOSITORY = '/r/:owner/:name'

/** `owner/name`, as the address has it. Throws REPOSITORY_UNKNOWN for what cannot be one. */
export function repositoryIn(c: Visit): string {
  const name = `${c.req.param('owner') ?? ''}/${c.req.param('name') ?? ''}`
  if (repositoryName.safeParse(name).success) return name
  throw repositoryUnknown(name.slice(0, 100))
}
