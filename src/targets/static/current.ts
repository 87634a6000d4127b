import * as z from 'zod'
import { sha256 } from '../../deploy/plan.ts'
import type { Files, Operation } from '../../deploy/target.ts'
import type { Digest } from '../../registry/reference.ts'
import { Failure } from '../../errors.ts'

const schema = z.object({
  digest: z.custom<Digest>((value) => typeof value === 'string' && /^sha(256|512):[0-9a-f]{64,128}$/.test(value)),
  operation: z.string(),
  fence: z.int(),
  /** The folder inside the image. */
  path: z.string(),
  /** Kept releases by their folder's name, the served one first. */
  releases: z.array(z.string().regex(/^[0-9a-f-]+$/)).min(1),
})

/** What is served: the content of the small file `current`, which is replaced in one step. */
export type Current = z.infer<typeof schema> & {
  /** SHA-256 of the file. */
  readonly revision: string
}

export const KEPT = 5

/** Undefined before the first deployment. */
export async function readCurrent(files: Files): Promise<Current | undefined> {
  const bytes = await files.read('current')
  if (bytes === undefined) return undefined
  const text = new TextDecoder().decode(bytes)
  try {
    return { ...schema.parse(JSON.parse(text)), revision: await sha256(text) }
  } catch (error) {
    const sentence = 'The file `current` of this site is not what Gantry wrote: somebody has changed it.'
    throw new Failure(
      'TARGET_MOVED',
      { sentence, next: "Remove the file `current` from the site's folder, then deploy again.", who: 'account' },
      error,
    )
  }
}

/** Serves `release` from now on, unless it is so already; throws where a newer operation has been here. */
export async function switchTo(files: Files, release: string, operation: Operation, digest: Digest, path: string): Promise<Current['releases']> {
  const before = await readCurrent(files)
  refuseOlder(before, operation)
  const releases = [release, ...(before?.releases ?? []).filter((name) => name !== release)].slice(0, KEPT)
  if (before?.operation === operation.id && before.releases[0] === release) return before.releases
  const text = JSON.stringify({ digest, operation: operation.id, fence: operation.fence, path, releases })
  await files.write('current', new TextEncoder().encode(text))
  return releases
}

/** A lower fence is an older claim of the environment; the same fence under another id is another instance's. */
export function refuseOlder(current: Current | undefined, operation: Operation): void {
  if (current === undefined || operation.fence > current.fence) return
  if (operation.fence === current.fence && operation.id === current.operation) return
  throw new Failure('TARGET_MOVED', {
    sentence: 'A newer deployment has already been put on this target, so this one was not.',
    found: `operation ${current.operation}, fence ${current.fence}`,
    wanted: `nothing newer than fence ${operation.fence}`,
    next: 'Run `/status` to see what is there, and deploy again if it is not what you want.',
  })
}
