import type { Problem } from '../errors.ts'
import type { Digest } from '../registry/reference.ts'
import type { Repository } from './deployment.ts'

/** What a signed attestation says an image was built from. */
export interface Provenance {
  /** Only an attestation by exactly this workflow counts; `ref` null: of any branch or tag. Throws a `Failure` where GitHub cannot be asked. */
  prove(
    image: { readonly repository: string; readonly digest: Digest },
    wanted: { readonly repository: string; readonly workflow: string; readonly ref: string | null },
    asker: Repository,
  ): Promise<{ readonly commit: string } | { readonly problem: Problem }>
}
