import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], extra = {}) => ({
  extends: true as const,
  test: { name, include: include.map((pattern) => `test/${pattern}`), setupFiles: ['test/loopback-only.ts'], ...extra },
})

// `unit` and `stories` need nothing but Node; `contracts` and `runtime` start real components; `browser` drives Chromium.
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [
      project('unit', ['unit/**/*.test.ts']),
      project('stories', ['stories/**/*.test.ts']),
      project('contracts', ['contracts/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 120_000 }),
      project('runtime', ['runtime/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000 }),
      project('browser', ['browser/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000 }),
    ],
  },
})
