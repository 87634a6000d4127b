import { readFileSync } from 'node:fs'
import { assetsOf } from '../web/assets.ts'
import type { Assets } from '../web/visit.ts'
import { STYLES } from './styles.ts'

const textOf = (name: string): string => readFileSync(new URL(`../web/client/${name}`, import.meta.url), 'utf8')

/** What the pages load, one text of each kind: read once, so that it fits the version that makes the pages. */
export const readAssets = (): Assets => assetsOf(STYLES.map(textOf).join(''), textOf('gantry.js'))
