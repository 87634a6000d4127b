/** GitHub Packages tells the repository that a package is connected to: https://docs.github.com/webhooks/webhook-events-and-payloads#registry_package */
import type { Hub } from './hub.ts'
import { user } from './render.ts'
import { newId, stamp } from './state.ts'
import type { Account, Repository } from './state.ts'

export interface PublishedImage {
  /** `shop`, below the repository's owner on ghcr.io. */
  readonly name: string
  readonly tag: string
  /** `sha256:…` */
  readonly digest: string
  /** The commit that it was published from. */
  readonly commit?: string
}

export function publish(hub: Hub, home: Repository, by: Account, { name, tag, digest, commit }: PublishedImage): void {
  const namespace = home.owner.login
  const [id, now] = [newId(hub.state), stamp(hub.now())]
  const package_version = {
    id: newId(hub.state),
    version: digest,
    name: digest,
    target_commitish: home.defaultBranch,
    target_oid: commit ?? home.branches.get(home.defaultBranch),
    package_url: `ghcr.io/${namespace}/${name}:${tag}`.toLowerCase(),
    container_metadata: { tag: { name: tag, digest } },
    author: { ...user(by), user_view_type: 'public' },
    created_at: now,
    updated_at: now,
  }
  const about = { id, name, namespace, ecosystem: 'CONTAINER', package_type: 'CONTAINER', owner: user(home.owner), created_at: now, updated_at: now }
  hub.send('registry-package-published', home, by, { registry_package: { ...about, registry: null, package_version } })
}
