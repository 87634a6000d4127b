import type { FrontDoors } from './front.ts'
import type { Taken } from './github-watch.ts'
import type { Tried } from './scheduled-backups.ts'

/** What the process tells whoever counts. */
export interface Told {
  readonly webhook: NonNullable<FrontDoors['answered']>
  readonly github: (how: Taken, left: number | null) => void
  readonly backup: (how: Tried) => void
}

export const NOBODY_LISTENS: Told = { webhook: () => {}, github: () => {}, backup: () => {} }
