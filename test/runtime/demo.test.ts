import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('npm run demo -- --once plays one deployment, prints the thread and ends with 0', () => {
  const demo = spawnSync(process.execPath, ['test/demo/main.ts', '--once'], { encoding: 'utf8', timeout: 30_000 })
  expect(demo.stderr).toBe('')
  expect(demo.status).toBe(0)
  expect(demo.stdout).toContain('✅ **ada** deployed')
  expect(demo.stdout).toContain('🚫 **mallory** asked to deploy')
  expect(demo.stdout).toMatch(/Deployment of [0-9a-f]{7} to staging: created → in_progress .* → success/)
  expect(demo.stdout).toMatch(/answers, from sha256:[0-9a-f]{64}:/)
})

test('an option that there is not is answered with those that there are', () => {
  const demo = spawnSync(process.execPath, ['test/demo/main.ts', '--twice'], { encoding: 'utf8', timeout: 30_000 })
  expect(demo.status).toBe(2)
  expect(demo.stderr).toContain('--once')
})
