import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

// It comes with the vitest plugin, which says which version.
const PROGRAM = fileURLToPath(new URL('../../node_modules/.bin/workerd', import.meta.url))

/** Why workerd cannot run here (Alpine, an unusual processor, an installation without it); null where it can. */
export function missingWorkerd(): string | null {
  const { status, error } = spawnSync(PROGRAM, ['--version'], { stdio: 'ignore' })
  return status === 0 ? null : (error?.message ?? `it ended with ${status}`)
}
