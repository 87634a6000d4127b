import type { DeclaredCredential, Operator, TargetDeclaration } from '../config/operator.ts'
import type { PlacedTarget } from '../deploy/proposal.ts'
import type { Renewals } from '../deploy/renewals.ts'
import type { Doors as TargetDoors, Site } from '../deploy/target.ts'
import type { Clients, NamedSource } from '../images.ts'
import type { Refreshed } from '../registry/source.ts'
import { placeTarget, sourceOf, type SourceDoors } from './placing.ts'

/** What is declared, as it is used: whoever has these maps sees at once what has changed. */
export interface Live {
  /** By `declarationKey`, as all of them. */
  readonly targets: ReadonlyMap<string, PlacedTarget>
  readonly sources: ReadonlyMap<string, NamedSource>
  /** Sites that targets serve by themselves. */
  readonly sites: ReadonlyMap<string, Site>
  /** One that was replaced or removed, for what has begun with it. */
  former(key: string, revision: string): PlacedTarget | undefined
  /** Instead of the one of the same key. */
  putCredential(key: string, declared: DeclaredCredential): void
  putTarget(key: string, declared: TargetDeclaration): void
  dropCredential(key: string): void
  dropTarget(key: string): void
  /** All of it as it is declared there, instead of what there was. */
  become(declared: Pick<Operator, 'credentials' | 'targets'>): void
  /** Called after a site has come, changed or gone. */
  onSites(listener: () => void): void
}

export interface LiveDoors extends SourceDoors {
  readonly clients: Clients
  readonly targets: TargetDoors
  /** Told of what is minted. */
  readonly renewals: Pick<Renewals, 'minted'>
  /** How the credentials that are minted are made anew, by their keys: filled here. */
  readonly refresh: Map<string, () => Promise<Refreshed>>
}

/** Of one target; a deployment that has begun lives for minutes. */
const MOST_FORMER = 4

export function createLive(operator: Operator, doors: LiveDoors): Live {
  const [targets, sources, sites] = [new Map<string, PlacedTarget>(), new Map<string, NamedSource>(), new Map<string, Site>()]
  const former = new Map<string, readonly PlacedTarget[]>()
  const listeners: (() => void)[] = []

  function putCredential(key: string, declared: DeclaredCredential): void {
    const { client } = declared.isConfined ? doors.clients.confined : doors.clients.open
    const source = sourceOf(declared, client, doors, (lifetime, age) => doors.renewals.minted(key, lifetime, age))
    doors.refresh.delete(key)
    if ('refresh' in source) doors.refresh.set(key, () => client.refresh(source, declared.registry))
    sources.set(key, { ...declared, source })
  }

  function leave(key: string): void {
    const before = targets.get(key)
    if (before !== undefined) former.set(key, [before, ...(former.get(key) ?? [])].slice(0, MOST_FORMER))
    targets.delete(key)
  }

  function putTarget(key: string, declared: TargetDeclaration): void {
    const placed = placeTarget(key, declared, doors.targets)
    leave(key)
    targets.set(key, placed)
    showSite(key, placed.target.site)
  }

  function showSite(key: string, site: Site | undefined): void {
    if (site === undefined && !sites.has(key)) return
    if (site === undefined) sites.delete(key)
    else sites.set(key, site)
    for (const listener of listeners) listener()
  }

  for (const [key, declared] of operator.credentials) putCredential(key, declared)
  for (const [key, declared] of operator.targets) putTarget(key, declared)

  function dropCredential(key: string): void {
    doors.refresh.delete(key)
    sources.delete(key)
  }

  function dropTarget(key: string): void {
    leave(key)
    showSite(key, undefined)
  }

  return {
    ...{ targets, sources, sites, putCredential, putTarget, dropCredential, dropTarget },
    former: (key, revision) => former.get(key)?.find((one) => one.revision === revision),
    become(declared) {
      for (const key of sources.keys()) if (!declared.credentials.has(key)) dropCredential(key)
      for (const key of targets.keys()) if (!declared.targets.has(key)) dropTarget(key)
      for (const [key, credential] of declared.credentials) putCredential(key, credential)
      for (const [key, target] of declared.targets) if (targets.get(key)?.revision !== target.revision) putTarget(key, target)
    },
    onSites: (listener) => void listeners.push(listener),
  }
}
