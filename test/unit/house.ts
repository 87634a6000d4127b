import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const root = new URL('../../', import.meta.url).pathname

export const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

/** Every source file, by its path from the root: `src/deploy/plan.ts`. What runs in a browser is a text to all of them. */
export const sources: readonly string[] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.m?[jt]s$/.test(file))
  .map((file) => `src/${file}`)
  .filter((file) => !file.startsWith('src/web/client/'))
  .toSorted()

/** What a text imports, types too: paths from the root, `node:fs`, `npm:zod`. */
export function importsIn(file: string, text: string): string[] {
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'([^'\n]+)'/g)
  return [...found].map(([, to = '']) => {
    if (to.startsWith('.')) return normalize(join(dirname(file), to))
    return /^\w+:/.test(to) ? to : `npm:${to}`
  })
}

export const importsOf = (file: string): string[] => importsIn(file, textOf(file))

/** Streets of strangers: each leaves by deleting one file (or file and folder of one name) and one line of the street's index. */
export const streets: readonly string[] = ['src/targets/', 'src/registry/keychains/', 'src/bot/commands/', 'src/deploy/gates/', 'src/web/pages/']

/** What the neighbours of a street share; no member. */
const SHARED = new Set(['src/deploy/gates/gate.ts'])

/** `docker` for `src/targets/docker.ts` and `src/targets/docker/engine.ts`; null for what is no member of the street. */
export function memberOf(street: string, file: string): string | null {
  if (!file.startsWith(street) || SHARED.has(file)) return null
  const name = file.slice(street.length).split('/')[0]?.replace(/\.ts$/, '')
  return name === undefined || name === 'index' ? null : name
}
