import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { missingWorkerd } from './workers/workerd.ts'

// `npm test`: every test that this machine can run. What it lacks is named at the end; with CI=true lacking anything is a failure.

interface Component {
  readonly program: string
  readonly debian: string
  readonly tests: string
}

const components: readonly Component[] = [
  { program: 'docker-registry', debian: 'docker-registry', tests: 'the registry client against the real registry' },
  { program: 'htpasswd', debian: 'apache2-utils', tests: 'the registry client against the real registry' },
  { program: 'nginx', debian: 'nginx-light', tests: 'the failures of a registry behind a proxy' },
  { program: 'skopeo', debian: 'skopeo', tests: 'requests and failures beside those of skopeo' },
  { program: 'dockerd', debian: 'docker.io', tests: 'the docker target on the real engine, and the pages that deploy to it' },
  { program: 'promtool', debian: 'prometheus', tests: 'what is measured, and the rules of its alerts' },
  { program: 'prometheus-alertmanager', debian: 'prometheus-alertmanager', tests: 'an alert from a fault to a webhook' },
  { program: 'chromium', debian: 'chromium', tests: 'the pages, the demo and the documentation in a browser' },
  { program: 'curl', debian: 'curl', tests: 'the examples of the API' },
  { program: 'jq', debian: 'jq', tests: 'the examples of the API' },
]

const isCi = process.env['CI'] === 'true'
const missing = components
  .filter(({ program }) => !isInstalled(program))
  .map(({ program, debian, tests }) => ({ name: debian, tests, why: `no ${program} here; Debian's package is ${debian}` }))
const noWorkerd = missingWorkerd()
if (noWorkerd !== null)
  missing.push({ name: 'workerd', tests: 'the registry client, the vault and the Worker in workerd', why: `workerd cannot run here: ${noWorkerd}` })
if (isCi && missing.length > 0) {
  console.error(`With CI=true nothing may be left out, and these are missing: ${missing.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'gantry-test-'))
const report = join(folder, 'report.json')
const vitest = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/vitest.config.ts',
    // On two cores Vitest would take one: 16 minutes instead of 20.
    '--maxWorkers=100%',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ],
  { stdio: 'inherit' },
)
const counts = readCounts(report)
rmSync(folder, { recursive: true, force: true })

for (const { tests, why } of missing) console.log(`left out: ${tests} (${why})`)
if (isCi && counts.skipped > 0) console.error(`With CI=true nothing may be left out, and ${counts.skipped} tests were.`)
console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`)
process.exit(vitest.status !== 0 || counts.failed > 0 || counts.passed === 0 || (isCi && counts.skipped > 0) ? 1 : 0)

function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((path) => {
    try {
      accessSync(join(path, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function readCounts(path: string): { passed: number; failed: number; skipped: number } {
  try {
    const result = JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>
    const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = result
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}
