import type { TargetKind } from '../deploy/target.ts'
import { docker } from './docker.ts'
import { staticSite } from './static.ts'

/** Every way of running an image, one line each. `create` is given what `options` of the same kind has accepted. */
export const targetKinds: readonly TargetKind<unknown>[] = [
  staticSite, //
  docker,
]
