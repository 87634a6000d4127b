import type { DeclaredCredential, Operator } from '../config/operator.ts'
import type { Trial } from '../deploy/administration.ts'
import type { Doors as TargetDoors, Target } from '../deploy/target.ts'
import { Failure, Refusal } from '../errors.ts'
import { isFor, PULL_WITHIN, type Clients } from '../images.ts'
import { preflight, type Preflight } from '../registry/preflight.ts'
import { canonicalRepository, parseReference, type Reference } from '../registry/reference.ts'
import { placeTargets, sourceOf, type SourceDoors } from './placing.ts'

/** Before anything is kept: does it work? */

export interface PullDoors extends SourceDoors {
  /** Others each time: what is tried may be any registry with any login, and nothing of it is to be remembered. */
  clients(): Clients
}

export interface TrialDoors extends PullDoors {
  readonly targets: TargetDoors
}

/** One image with a credential, as a deployment would pull it. */
export function pull(declared: DeclaredCredential, reference: Reference, doors: PullDoors): Promise<Preflight> {
  const { open, confined } = doors.clients()
  const { client, doors: registry } = declared.isConfined ? confined : open
  const credential = sourceOf(declared, client, doors)
  const asking = { credential, family: declared.family, as: `credential ${declared.name}`, platform: null, pullWithin: PULL_WITHIN }
  return preflight(client, registry, reference, asking)
}

/** The target as a deployment would find it. */
export async function reach(target: Pick<Target, 'reach'>): Promise<Trial> {
  const trial = { image: null, rows: [] }
  try {
    return { ...trial, works: true, note: await target.reach(), problem: null }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { ...trial, works: false, note: '', problem: error.problem }
  }
}

const trialOf = ({ image, rows, isPullable }: Preflight, { name }: DeclaredCredential): Trial => {
  const failed = rows.find(({ outcome }) => outcome === 'failed')?.problem ?? null
  return { image, works: isPullable, note: isPullable ? `it can be pulled with the credential ${name}` : '', rows, problem: failed }
}

/** A target that is declared, where it would run, or each image with the credential that is declared, and each credential with an image. */
export async function tryOut({ credentials, targets }: Operator, images: readonly string[], doors: TrialDoors): Promise<readonly Trial[]> {
  const trials: Trial[] = []
  for (const { target } of placeTargets({ targets }, doors.targets).values()) trials.push(await reach(target))
  for (const declared of credentials.values()) {
    for (const image of images) trials.push(await tryImage(declared, image, doors))
    if (images.length === 0) trials.push(untried(null, `No image was given that the credential ${declared.name} is for.`))
  }
  return trials
}

async function tryImage(declared: DeclaredCredential, image: string, doors: TrialDoors): Promise<Trial> {
  const reference = parseReference(image, { tag: 'latest' })
  if (reference instanceof Refusal) return { ...untried(image, ''), problem: reference.problem }
  if (!isFor(declared, reference)) return untried(image, `The credential ${declared.name} is not for ${canonicalRepository(reference)}.`)
  return trialOf(await pull(declared, reference, doors), declared)
}

const untried = (image: string | null, note: string): Trial => ({ image, works: false, note, rows: [], problem: null })
