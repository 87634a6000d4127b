import * as z from 'zod'
import type { Repository } from '../deploy/deployment.ts'

/** What all webhooks have in common, each part no wider than what is made of it. */

/** GitHub's ids are integers that JSON can hold; a larger one would be rounded into somebody else's. */
export const id = z.number().int().positive().max(Number.MAX_SAFE_INTEGER)
export const node = z.string().min(1).max(200)
export const login = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/)
/** No person can be called like that. */
export const botLogin = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\[bot\]$/)
export const time = z.iso.datetime({ offset: true })
export const sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
export const installation = z.object({ id })
export const repository = z.object({
  id,
  node_id: node,
  name: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/),
  owner: z.object({ id, login }),
})

interface Placed {
  readonly repository: z.infer<typeof repository>
  readonly installation: z.infer<typeof installation>
}

export const repositoryOf = ({ repository: home, installation: by }: Placed): Repository => ({
  id: home.id,
  node: home.node_id,
  owner: home.owner.login,
  name: home.name,
  account: home.owner.id,
  installation: by.id,
})
