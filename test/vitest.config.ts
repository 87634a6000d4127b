import { defineConfig } from 'vitest/config'
import { missingWorkerd } from './workers/workerd.ts'

const project = (name: string, include: string[], extra = {}) => ({
  extends: true as const,
  test: { name, include: include.map((pattern) => `test/${pattern}`), setupFiles: ['test/loopback-only.ts'], ...extra },
})

/** Files of one worker share what they import: loading Probot sixty times took longer than the tests. They keep no state in modules. */
const SHARED = { isolate: false, alias: { 'cloudflare:workers': new URL('world/cloudflare-workers.ts', import.meta.url).pathname } }

// `unit` and `stories` need nothing but Node; `contracts` and `runtime` start real components; `browser` drives Chromium; `workers` run in workerd.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    // Vitest reads a style sheet as an empty text otherwise.
    css: { include: /\?raw$/ },
    // How many hostile answers test/unit/registry/fuzz.test.ts plays, and from which seed on.
    provide: {
      fuzz: { cases: Number(process.env['GANTRY_FUZZ'] ?? 100_000), seed: Number(process.env['GANTRY_FUZZ_SEED'] ?? 1) },
      crashEvery: Number(process.env['GANTRY_CRASH_EVERY'] ?? 1),
    },
    // `npm run coverage`: what decides over credentials has a test for each way that it can go.
    coverage: { include: ['src/registry/**'], reporter: ['text'], thresholds: { branches: 100 }, reportOnFailure: true },
    projects: [
      project('unit', ['unit/**/*.test.ts'], SHARED),
      project('stories', ['stories/**/*.test.ts'], SHARED),
      project('contracts', ['contracts/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 120_000 }),
      project('runtime', ['runtime/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000 }),
      project('browser', ['browser/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000 }),
      // The plugin cannot even be loaded where there is no workerd.
      ...(missingWorkerd() === null ? (await import('./workers/projects.ts')).workersProjects : []),
    ],
  },
})
