/** `sha256:` and 64 hex digits, or `sha512:` and 128: the OCI image specification's descriptor digest. */
export type Digest = `sha256:${string}` | `sha512:${string}`

/**
 * An image name as a person writes it, taken apart: `[host[:port]/]name[:tag][@digest]` (OCI distribution specification, "Pulling manifests").
 * `registry` is the canonical host (`docker.io` for Docker Hub), `repository` the name below it.
 */
export interface Reference {
  readonly registry: string
  readonly repository: string
  readonly tag: string | null
  readonly digest: Digest | null
}
