import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Grounds } from '../world/grounds.ts'
import type { Job } from '../world/github/actions.ts'

/** What docs/github-actions.md shows is run as GitHub's runner would run it: bash, curl and jq against the real process, and tokens of the simulated issuer. */
const PAGE = readFileSync(new URL('../../docs/github-actions.md', import.meta.url), 'utf8')

interface Step {
  readonly run: string
  readonly env: Readonly<Record<string, string>>
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>
  readonly on: Readonly<Record<string, unknown>>
  readonly jobs: { readonly deploy: { readonly steps: readonly [Step] } }
}

const [rules, workflow] = [...PAGE.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, text = '']) => parse(text) as unknown) as [
  { readonly environments: { readonly staging: { readonly allow: object } } },
  Workflow,
]
const [file = ''] = /(?<=# \.github\/workflows\/)[\w.]+/.exec(PAGE) ?? []
const [step] = workflow.jobs.deploy.steps

let grounds: Grounds
beforeAll(async () => {
  grounds = await Grounds.open((on) => ({ ...on.apiVariables, GANTRY_URL: step.env['GANTRY'] ?? '' }))
  const { github } = grounds
  const main = github.repository.commits.get(github.repository.branches.get('main') ?? '')?.files.get('.github/deploy.yml') ?? ''
  github.has(
    '.github/deploy.yml',
    main.replace('    target: site', `    target: site\n    allow: ${JSON.stringify(rules.environments.staging.allow)}`),
  )
})
afterAll(() => grounds.closes())

interface Ran {
  readonly code: number
  readonly output: string
}

/** A runner begins the job's step. `sleep` is shortened, and the public address leads here. */
function runs(job: Job, run: number): Promise<Ran> {
  const { github, url } = grounds
  github.actions.runs(github.people.ada, job)
  const here = `sleep() { command sleep 0.1; }\ncurl() { command curl --connect-to gantry.example.com::${url.hostname}:${url.port} "\${@//https:\\/\\/gantry.example.com\\//http://gantry.example.com/}"; }\n`
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', ...step.env, GITHUB_REPOSITORY: 'acme/shop', GITHUB_RUN_ID: String(run), GITHUB_RUN_ATTEMPT: '1' },
    ACTIONS_ID_TOKEN_REQUEST_URL: `${github.actions.issuer}/_runner/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: github.actions.requestToken,
  }
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', `${here}${step.run}`], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? -1, output })))
}

test('the workflow deploys with a token that GitHub signs, and with no secret', async () => {
  expect([workflow.permissions['id-token'], Object.keys(workflow.on)]).toEqual(['write', ['push']])
  expect(PAGE).not.toContain('secrets.')
  const { code, output } = await runs({ file }, 1)
  expect(output).toMatch(/^ada's workflow release\.yml deployed \S+\/acme\/shop:1\.2 \(sha256:[0-9a-f]{12}\) to staging in .+\.$/m)
  expect(code).toBe(0)
  expect(await (await fetch(await grounds.site())).text()).toBe('version 1.2')
  expect(grounds.github.repository.deployments).toHaveLength(1)
})

test('the same run once more deploys nothing twice', async () => {
  const { code } = await runs({ file }, 1)
  expect([code, grounds.github.repository.deployments.length]).toEqual([0, 1])
})

test('where the rules do not let it in, the job fails and says what to do', async () => {
  const { code, output } = await runs({ file: 'other.yml' }, 2)
  expect(code).not.toBe(0)
  expect(output).toContain('PERMISSION_REQUIRED')
  expect(output).toContain('Name workflow:other.yml under allow.any of the environment')
})

test('where Gantry takes no such token, the job fails with what was wrong with it', async () => {
  const { code, output } = await runs({ file, event: 'pull_request' }, 3)
  expect(code).not.toBe(0)
  expect(output).toContain('a run that began with pull_request')
})
