import { cloudflareTest } from '@cloudflare/vitest-plugin'

/** Tests that run as they are in Cloudflare's workerd, against servers that the other side of `outside.ts` starts for them. */
export const workersProjects = [
  project('workers', '2026-10-01', ['unit/registry/**/*.test.ts', 'contracts/docker-registry.test.ts', 'contracts/oci-registry.test.ts']),
  // Before 2025-09-01 fetch forwards `Authorization` to another origin, if it is let follow a redirect.
  project('workers-2025', '2025-01-01', ['unit/registry/leaks.test.ts']),
]

function project(name: string, compatibilityDate: string, include: string[]) {
  return {
    extends: true as const,
    // Verbose, it would print each connection that a test has refused.
    plugins: [cloudflareTest({ verbose: false, miniflare: { compatibilityDate, compatibilityFlags: ['nodejs_compat'] } })],
    test: {
      name,
      include: include.map((pattern) => `test/${pattern}`),
      setupFiles: ['test/workers/loopback-only.ts'],
      globalSetup: ['test/workers/outside.ts'],
      testTimeout: 60_000,
      hookTimeout: 120_000,
    },
  }
}
