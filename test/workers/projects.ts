import { cloudflareTest } from '@cloudflare/vitest-plugin'
import type { ProvidedContext } from 'vitest'
import { NOT_HERE } from './not-here.ts'

/** Tests that run as they are in Cloudflare's workerd, against servers that the other side of `outside.ts` starts for them. */
export const workersProjects = [
  project('workers', {
    include: [
      ...['workers/*.test.ts', 'contracts/*.test.ts', 'unit/registry/**/*.test.ts'],
      ...['unit/store/vault/{aes-gcm,record}.test.ts', 'unit/operator-door.test.ts'],
    ],
    date: '2026-10-01',
  }),
  // What is told with a death at each crossing is told so on Node, in a third of the time; here it is each fifth, and each story's own one death. With
  // GANTRY_CRASH_EVERY=1 it is each here, too, in five minutes.
  project('workers-stories', {
    include: ['stories/**/*.test.ts'],
    date: '2026-10-01',
    setup: ['test/workers/own-servers.ts'],
    provide: { crashEvery: Number(process.env['GANTRY_CRASH_EVERY'] ?? 5) },
  }),
  // Before 2025-09-01 fetch forwards `Authorization` to another origin, if it is let follow a redirect.
  project('workers-2025', {
    include: ['unit/registry/leaks.test.ts'],
    date: '2025-01-01',
    // The first is what vitest needs; without the second a rejection is reported before whoever awaits it can catch it.
    flags: ['enable_nodejs_inspector_module', 'unhandled_rejection_after_microtask_checkpoint'],
    provide: { fetchForwards: true },
  }),
]

interface Workers {
  readonly include: readonly string[]
  /** Which workerd of all that it can be. */
  readonly date: string
  readonly flags?: readonly string[]
  readonly provide?: Partial<ProvidedContext>
  readonly setup?: readonly string[]
}

function project(name: string, { include, date, flags = [], provide = {}, setup = [] }: Workers) {
  const miniflare = {
    compatibilityDate: date,
    compatibilityFlags: ['nodejs_compat', ...flags],
    durableObjects: { STORAGE: { className: 'Storage', useSQLite: true } },
    r2Buckets: ['BACKUPS'],
  }
  return {
    extends: true as const,
    // Verbose, it would print each connection that a test has refused.
    plugins: [cloudflareTest({ main: 'test/workers/durable-object.ts', verbose: false, miniflare })],
    test: {
      name,
      include: include.map((pattern) => `test/${pattern}`),
      exclude: Object.keys(NOT_HERE).map((file) => `test/${file}`),
      setupFiles: ['test/workers/loopback-only.ts', ...setup],
      globalSetup: ['test/workers/outside.ts'],
      provide,
      isolate: false, // a workerd for each file would take longer to start than most of the tests
      testTimeout: 60_000,
      hookTimeout: 120_000,
    },
  }
}
