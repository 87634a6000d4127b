import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { missingWorkerd } from '../workers/workerd.ts'
import { startPlainWorkerd } from '../world/plain-workerd.ts'
import { buildWorker, configurationIn, type WorkerBundle } from '../world/worker-bundle.ts'

// The folder that the "Deploy to Cloudflare" button makes a repository of: Gantry is a package there, as npm would install it.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TEMPLATE = join(ROOT, 'src/runtime/cloudflare/template')
const read = (...path: string[]): string => readFileSync(join(...path), 'utf8')
const json = (...path: string[]): unknown => JSON.parse(read(...path))

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly cloudflare: { readonly bindings: Readonly<Record<string, { readonly description: string }>> }
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}

const missing = missingWorkerd()
let project: string
let bundle: WorkerBundle
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'gantry-template-'))
  cpSync(TEMPLATE, project, { recursive: true })
  install(join(project, 'node_modules'))
  const built = join(project, 'built')
  mkdirSync(built)
  bundle = await buildWorker(built, { root: project, file: join(project, 'wrangler.jsonc') })
})
afterAll(() => rmSync(project, { recursive: true }))

/** What the template brings along itself. */
const BUILDERS = /^node_modules\/(?:rolldown|@rolldown\/.*|@oxc-project\/types)$/

/** Gantry as files, below which Node strips no types by itself; what it needs in production, and nothing that it needs for its tests. */
function install(to: string): void {
  for (const part of ['src', 'docs', 'package.json']) cpSync(join(ROOT, part), join(to, 'gantry', part), { recursive: true })
  const { packages } = json(ROOT, 'package-lock.json') as Lock
  const installed = Object.keys(packages).filter(
    (path) => /^node_modules\/(?!.*node_modules)/.test(path) && (packages[path]?.dev !== true || BUILDERS.test(path)),
  )
  for (const path of [...installed, 'node_modules/.bin']) {
    const link = join(dirname(to), path)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(ROOT, path), link)
  }
}

test('it is configured as Gantry itself is', () => {
  const { main: _, build: __, assets: ___, ...itself } = configurationIn()
  const { main, build, assets, ...template } = configurationIn(join(TEMPLATE, 'wrangler.jsonc'))
  expect(template).toEqual(itself)
  expect({ main, assets, watched: build.watch_dir }).toEqual({
    main: '.cache/worker/modules/main.js',
    assets: { directory: '.cache/worker/assets' },
    watched: 'node_modules/gantry',
  })
})

test('it is built of the package: the same modules and objects, and the same static assets', async () => {
  expect(bundle.objects.map(({ className }) => className)).toEqual(['RepositoryObject', 'AccountObject', 'DirectoryObject'])
  const itself = mkdtempSync(join(tmpdir(), 'gantry-itself-'))
  try {
    const texts = ({ modules }: WorkerBundle) => modules.map(({ name, content }) => [name, content])
    expect(texts(bundle)).toEqual(texts(await buildWorker(itself)))
  } finally {
    rmSync(itself, { recursive: true })
  }
  const assets = readdirSync(join(project, '.cache/worker/assets'), { recursive: true, encoding: 'utf8' })
  expect(assets).toEqual(expect.arrayContaining(['_headers', 'docs.html', 'docs/troubleshooting.html', 'openapi.json']))
})

test.skipIf(missing !== null)(`it starts in workerd and answers${missing === null ? '' : ` (left out: ${missing})`}`, async () => {
  const workerd = await startPlainWorkerd({ bundle })
  try {
    expect(await (await fetch(`${workerd.origin}/healthz`)).text()).toBe('ok\n')
  } finally {
    await workerd.stop()
  }
})

test('it asks for the same secrets, says what each is for, and is built and deployed by the same tools', () => {
  const { dependencies, devDependencies, cloudflare } = json(TEMPLATE, 'package.json') as Manifest
  expect(read(TEMPLATE, '.dev.vars.example')).toBe(read(ROOT, '.dev.vars.example'))
  expect(Object.keys(cloudflare.bindings)).toEqual([...read(TEMPLATE, '.dev.vars.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name))
  const { rolldown, wrangler } = (json(ROOT, 'package.json') as Manifest).devDependencies
  expect(devDependencies).toEqual({ rolldown, wrangler })
  expect(dependencies).toEqual({ gantry: expect.stringMatching(/^github:[\w-]+\/[\w-]+$/) })
})
