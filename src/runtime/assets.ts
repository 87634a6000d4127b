import { readFileSync } from 'node:fs'
import type { Outside } from '../assemble.ts'

const textOf = (name: string): string => readFileSync(new URL(`../web/client/${name}`, import.meta.url), 'utf8')

/** What the pages load: read once, so that it fits the version that makes the pages. */
export const readAssets = (): Outside['assets'] => ({ style: textOf('gantry.css'), script: textOf('gantry.js') })
