import type { Problem } from '../errors.ts'
import type { Digest } from '../registry/reference.ts'
import type { Repository } from './deployment.ts'

/** Who must have signed: GitHub Actions, running exactly this workflow file of this repository for exactly this ref. */
export interface WantedSigner {
  /** `acme/shop`, as GitHub spells it: the repository that the workflow ran in. */
  readonly repository: string
  /** The file's path from the repository's root: `.github/workflows/release.yml`. */
  readonly workflow: string
  /** `refs/heads/main`, `refs/tags/v1`. Null: any branch, tag or pull request, so that whoever can push a branch can have it sign. */
  readonly ref: string | null
}

/** What a signed attestation says an image was built from. */
export interface Provenance {
  /**
   * The commit of the first attestation of `image.digest` that verifies and was signed by whom is wanted; else an ATTESTATION_…
   * problem. `asker`: with whose installation GitHub is asked. Throws a `Failure` with a GITHUB_… code: what cannot be read is
   * never taken for an answer.
   */
  prove(
    image: { readonly repository: string; readonly digest: Digest },
    wanted: WantedSigner,
    asker: Repository,
  ): Promise<{ readonly commit: string } | { readonly problem: Problem }>
}

/** Where attestations are kept. Whoever reads them trusts nothing in them: they are judged by their signatures alone. */
export interface Attestations {
  /**
   * Sigstore bundles (parsed JSON) about the digest, of the repository named `OWNER/NAME`; at most 30. Null for one that is larger
   * than a megabyte or no JSON.
   */
  bundlesOf(repository: string, digest: Digest, asker: Repository): AsyncIterable<unknown>
}
