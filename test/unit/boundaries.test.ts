import { describe, expect, test } from 'vitest'
import { importsIn, importsOf, memberOf, sources, streets, textOf } from './house.ts'

/** Folder or file → what it may import besides itself, errors.ts and secret.ts. docs/architecture.md draws the same arrows. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  'src/errors.ts': [],
  'src/secret.ts': [],
  'src/registry/': [],
  'src/deploy/': ['src/registry/reference.ts'],
  'src/config/': ['src/deploy/', 'src/registry/reference.ts', 'npm:'],
  'src/targets/': ['src/deploy/', 'src/registry/reference.ts', 'npm:'],
  'src/store/': ['src/deploy/', 'src/registry/reference.ts'],
  'src/bot/': ['src/deploy/', 'src/registry/reference.ts', 'npm:'],
  'src/attestation/': ['src/deploy/', 'npm:'],
  'src/web/': ['src/deploy/', 'src/registry/reference.ts', 'npm:'],
  'src/settings.ts': ['src/deploy/', 'npm:'],
  'src/images.ts': ['src/deploy/', 'src/registry/', 'src/config/'],
  'src/accounts/': ['src/deploy/', 'src/registry/', 'src/config/', 'src/store/', 'src/targets/', 'src/images.ts'],
  'src/assemble.ts': ['src/', 'npm:'],
  'src/runtime/': ['src/', 'npm:', 'node:', 'cloudflare:'],
  'src/main.mjs': ['src/runtime/', 'npm:', 'node:'],
}
const EVERYBODY: readonly string[] = ['src/errors.ts', 'src/secret.ts']
const GITHUB = /^npm:(probot|@octokit\/)/

/** Null where the file may import it, else why not. */
function objection(file: string, to: string): string | null {
  const home = Object.keys(MAY).find((place) => file.startsWith(place))
  if (home === undefined) return `${file} stands in no folder of the house`
  if (to.startsWith('src/runtime/') && home !== 'src/runtime/' && home !== 'src/main.mjs') return `${file} may not see the runtime`
  if (GITHUB.test(to) && home !== 'src/bot/' && home !== 'src/runtime/') return `${file} may not speak to GitHub`
  const street = streets.find((place) => memberOf(place, file) !== null)
  const neighbour = street === undefined ? null : memberOf(street, to)
  if (street !== undefined && neighbour !== null && neighbour !== memberOf(street, file)) return `${file} may not know its neighbour ${to}`
  if (street !== undefined && to === `${street}index.ts`) return `${file} may not know its street's list`
  const allowed = [home, ...EVERYBODY, ...(MAY[home] ?? [])]
  return allowed.some((place) => to.startsWith(place)) ? null : `${file} may not import ${to}`
}

describe('who may import whom', () => {
  test('every file of the house is looked at', () => expect(sources.length).toBeGreaterThan(60))

  test.each(sources)('%s', (file) => {
    const objections = [...importsOf(file), file].map((to) => objection(file, to))
    expect(objections.filter((found) => found !== null)).toEqual([])
  })

  test('nobody goes round in a circle', () => expect(circleIn(new Map(sources.map((file) => [file, importsOf(file)])))).toBeNull())

  test('nothing of the tests is shipped', () => {
    for (const file of sources)
      expect(
        importsOf(file).filter((to) => /^(\.\.|test\/|fixtures\/)/.test(to)),
        file,
      ).toEqual([])
  })
})

/** The first circle of imports, as the files along it; null where there is none. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const to of imports.get(file) ?? []) {
      const circle = walk(to, [...path, file])
      if (circle !== null) return circle
    }
    done.add(file)
    return null
  }
  for (const file of imports.keys()) {
    const circle = walk(file, [])
    if (circle !== null) return circle
  }
  return null
}

const OUTSIDE: readonly (readonly [string, RegExp])[] = [
  ['fetch', /(?<![\w.#$])fetch\(|(?<!typeof )globalThis\.fetch/],
  ['the clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/],
  ['timers', /(?<![\w.#$])(?:setTimeout|setInterval|setImmediate)\b/],
  ['randomness', /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b|\brandomBytes\b/],
  ['the process', /(?<![\w.#$])process\.(?!sql)/],
]

/** What a text takes from the world outside without being handed it. */
function takes(text: string): string[] {
  const code = text
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replace(/`(?:[^`\\$]|\\.|\$(?!\{))*`/g, '``')
    // A method or a type of that name is a door, as is what was handed in as an argument.
    .replace(/^\s*fetch\([^)]*\)\s*[:{].*$/gm, '')
  const isHandedIn = /[{(,]\s*fetch\s*[,}:)]|\bconst fetch\b/.test(code)
  return OUTSIDE.filter(([what, pattern]) => pattern.test(code) && !(what === 'fetch' && isHandedIn)).map(([what]) => what)
}

describe('the world outside is handed in', () => {
  const inside = sources.filter((file) => !file.startsWith('src/runtime/') && file !== 'src/main.mjs')
  test.each(inside)('%s', (file) => expect(takes(textOf(file))).toEqual([]))
})

describe('these tests would notice', () => {
  test.each([
    ['src/deploy/plan.ts', 'node:fs'],
    ['src/deploy/plan.ts', 'npm:zod'],
    ['src/deploy/plan.ts', 'src/registry/client.ts'],
    ['src/registry/client.ts', 'src/deploy/plan.ts'],
    ['src/store/claims.ts', 'src/bot/app.ts'],
    ['src/config/yaml.ts', 'src/targets/index.ts'],
    ['src/web/app.ts', 'src/bot/app.ts'],
    ['src/web/app.ts', 'npm:@octokit/rest'],
    ['src/assemble.ts', 'src/runtime/node.ts'],
    ['src/assemble.ts', 'node:fs'],
    ['src/targets/docker/engine.ts', 'src/targets/static.ts'],
    ['src/targets/docker.ts', 'src/targets/index.ts'],
    ['src/bot/commands/help.ts', 'src/bot/commands/deploy.ts'],
    ['src/deploy/gates/head.ts', 'src/deploy/gates/person.ts'],
    ['src/registry/keychains/ghcr.ts', 'src/registry/keychains/generic.ts'],
    ['src/secret.ts', 'src/registry/reference.ts'],
    ['src/attestation/verify.ts', 'src/bot/attestations.ts'],
    ['src/attestation/verify.ts', 'src/registry/client.ts'],
    ['src/elsewhere/file.ts', 'src/errors.ts'],
  ])('%s → %s', (file, to) => expect(objection(file, to)).not.toBeNull())

  test.each([
    ['src/targets/docker.ts', 'src/targets/docker/engine.ts'],
    ['src/targets/docker/engine.ts', 'src/targets/docker/health.ts'],
    ['src/targets/index.ts', 'src/targets/docker.ts'],
    ['src/deploy/gates/head.ts', 'src/deploy/gates/gate.ts'],
    ['src/bot/app.ts', 'npm:probot'],
    ['src/runtime/node.ts', 'node:http'],
  ])('and let pass %s → %s', (file, to) => expect(objection(file, to)).toBeNull())

  test('imports of every form', () => {
    const text = `import a from '../a.ts'\nimport './b.ts'\nimport type { C } from 'zod'\nexport * from './d.ts'\nawait import('node:fs')`
    expect(importsIn('src/deploy/x.ts', text)).toEqual(['src/a.ts', 'src/deploy/b.ts', 'npm:zod', 'src/deploy/d.ts', 'node:fs'])
  })

  test('circles', () => {
    const imports = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ])
    expect(circleIn(imports)).toEqual(['b', 'd', 'b'])
    expect(
      circleIn(
        new Map([
          ['a', ['b']],
          ['b', []],
        ]),
      ),
    ).toBeNull()
  })

  test.each<[string, string[]]>([
    ['const answer = await fetch(url)', ['fetch']],
    ['return globalThis.fetch', ['fetch']],
    ['const now = Date.now()', ['the clock']],
    ['const now = new Date()', ['the clock']],
    ['setTimeout(work, 5)', ['timers']],
    ['Math.random()', ['randomness']],
    ['process.env.HOME', ['the process']],
    ['doors.fetch(url)', []],
    ['async function get({ fetch }: Doors) { return fetch(url) }', []],
    ['interface Doors {\n  fetch(url: string): Promise<Response>\n}', []],
    ['readonly fetch: typeof globalThis.fetch', []],
    ['new Date(at).toISOString()', []],
    ['clock.after(5, work)', []],
    ['// Date.now() is not ours', []],
    ["const text = 'Date.now()'", []],
  ])('%s', (text, found) => expect(takes(text)).toEqual(found))
})
