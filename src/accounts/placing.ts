import type { DeclaredCredential, Operator, TargetDeclaration } from '../config/operator.ts'
import type { PlacedTarget } from '../deploy/proposal.ts'
import type { Doors as TargetDoors, TargetKind } from '../deploy/target.ts'
import type { RegistryClient } from '../registry/client.ts'
import { secretOf, type Credential } from '../registry/credential.ts'
import { foundSource, type CredentialSource, type MintedSource } from '../registry/source.ts'
import { targetKinds } from '../targets/index.ts'
import { confinedTarget } from './confined.ts'
import { ownerOf } from './hidden.ts'

/** From what is declared to what is used. */

/** Every declared target, by its key. */
export const placeTargets = (operator: Pick<Operator, 'targets'>, doors: TargetDoors): ReadonlyMap<string, PlacedTarget> =>
  new Map([...operator.targets].map(([key, declared]) => [key, placeTarget(key, declared, doors)]))

export function placeTarget(key: string, declared: TargetDeclaration, outside: TargetDoors): PlacedTarget {
  const { account, isConfined, isOwn } = declared
  const kind: TargetKind<unknown> | undefined = targetKinds.find(({ kind: name }) => name === declared.kind)
  if (kind === undefined) throw new Error(`no kind of target ${declared.kind}`)
  const doors = isConfined ? confinedTarget(outside) : outside
  // Two accounts may call theirs alike.
  const target = kind.create(declared.name, declared.options, { ...doors, files: () => doors.files(key) })
  const access: PlacedTarget['access'] = {
    ...{ account, isConfined, isOwn, pulls: declared.pulls, credential: declared.credential, platform: target.platform },
    onlyFrom: (registry) => target.onlyFrom?.(registry) ?? null,
  }
  return { name: declared.name, key, target, revision: declared.revision, bounds: declared.allow, access }
}

type Holding = DeclaredCredential['holds']
type Stored = Extract<Holding, { readonly kind: 'basic' | 'identity' }>
const isStored = (holds: Holding): holds is Stored => holds.kind === 'basic' || holds.kind === 'identity'

const storedCredential = (holds: Stored): Credential =>
  holds.kind === 'basic' ? { kind: 'basic', username: holds.username, password: holds.password } : { kind: 'identity', token: holds.token }

export interface SourceDoors {
  /** What a `config.json` of Docker's (or the one in a folder) has for a registry, by its own helpers too; null where it has nothing. */
  dockerConfig(where: string, registry: string): Promise<Credential | null>
  /** From now on `mask` knows this secret, until the returned function is called: in every text, or in those of the account whose own it is. */
  hide(secret: string, whose: number | null): () => void
}

/** Where a declared credential's value comes from. `client`: one that is confined where the credential is. */
export function sourceOf(
  { account, isConfined, registry, holds, expires }: DeclaredCredential,
  client: RegistryClient,
  outside: SourceDoors,
  onHeld: (lifetime: number, age: number) => void = () => {},
): CredentialSource | MintedSource {
  if (isStored(holds)) return client.stored(storedCredential(holds), expires)
  const hide = hidingTheLast((secret) => outside.hide(secret, ownerOf({ account, isConfined })))
  if (holds.kind === 'docker-config') return foundSource(() => hidden(outside.dockerConfig(holds.where, registry), hide))
  return client.minted(holds.key, holds.given, registry, ({ credential, lifetime }, age) => {
    hide(secretOf(credential))
    onHeld(lifetime, age)
  })
}

/** The newest value and the one before it, which may still be in use: otherwise there would be ever more to look for in every line. */
function hidingTheLast(hide: (secret: string) => () => void): (secret: string) => void {
  const hidden = new Map<string, () => void>()
  return (secret) => {
    const known = hidden.get(secret)
    // Seen again it is the newest.
    hidden.delete(secret)
    hidden.set(secret, known ?? hide(secret))
    const [oldest] = hidden
    if (hidden.size <= 2 || oldest === undefined) return
    hidden.delete(oldest[0])
    oldest[1]()
  }
}

async function hidden(finding: Promise<Credential | null>, hide: (secret: string) => void): Promise<Credential | null> {
  const credential = await finding
  if (credential !== null) hide(secretOf(credential))
  return credential
}
