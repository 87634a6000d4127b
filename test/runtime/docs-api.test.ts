import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, Grounds } from '../world/grounds.ts'

// Every `curl` in docs/*.md that asks the API is run as it stands there, by a shell, against the real process beside the simulated GitHub.

const ORIGIN = 'https://gantry.example.com'
const folder = new URL('../../docs/', import.meta.url)
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))

interface Block {
  readonly name: string
  readonly text: string
}

const blocks: readonly Block[] = pages
  .flatMap(({ name, text }) =>
    [...text.matchAll(/^```(\w*).*\n([^]*?)^```$/gm)].map((found) => ({
      ...{ name: `${name}:${text.slice(0, found.index).split('\n').length}`, language: found[1], text: found[2] ?? '' },
    })),
  )
  .filter(({ language, text }) => language === 'sh' && text.includes('curl') && text.includes(ORIGIN))

const missing = ['curl', 'jq'].find((program) => spawnSync(program, ['--version']).error !== undefined)
if (missing !== undefined && process.env['CI']) throw new Error(`the examples of the API have to be run, and there is no ${missing} here`)

test('wherever curl asks the API, it is a block that is run', () => {
  expect(blocks.length).toBeGreaterThan(15)
  const run = blocks.flatMap(({ text }) => text.match(/curl/g) ?? []).length
  const asking = pages.flatMap(({ text }) => text.match(/\bcurl (?:[^`]|`(?!``))*?https:\/\/gantry\.example\.com/g) ?? [])
  expect(asking.flatMap((one) => one.match(/\bcurl /g) ?? [])).toHaveLength(run)
})

/** What a wish is about, and what has become of that when it was granted. */
const WISHES: Readonly<Record<string, { readonly about: 'waiting' | 'failed' | 'ended'; readonly becomes: string }>> = {
  approve: { about: 'waiting', becomes: 'success' },
  reject: { about: 'waiting', becomes: 'refused' },
  cancel: { about: 'waiting', becomes: 'cancelled' },
  retry: { about: 'failed', becomes: 'failure' },
  rollback: { about: 'ended', becomes: 'success' },
}

describe.skipIf(missing !== undefined)(`the examples of the API${missing === undefined ? '' : ` (left out: no ${missing} here)`}`, () => {
  let grounds: Grounds
  let home: string
  let tokens: Readonly<Record<'ada' | 'grace', string>>

  beforeAll(async () => {
    grounds = await Grounds.open((on) => on.apiVariables)
    await grounds.registry.has('acme/shop:1.1', { 'site/index.html': 'version 1.1' })
    const { auth, people } = grounds.github
    tokens = { ada: auth.signsIn(people.ada.account), grace: auth.signsIn(people.grace.account) }
    home = mkdtempSync(join(tmpdir(), 'gantry-api-'))
    for (const tag of ['1.2', '1.1']) await isIn('success', await asks(tag))
  })
  afterAll(async () => {
    await grounds.closes()
    rmSync(home, { recursive: true, force: true })
  })

  const headers = () => ({ authorization: `Bearer ${tokens.ada}`, 'content-type': 'application/json' })

  async function asks(tag: string): Promise<string> {
    const body = JSON.stringify({ repository: 'acme/shop', environment: 'staging', image: `:${tag}` })
    const answer = await fetch(new URL('/deploy', grounds.url), { method: 'POST', headers: headers(), body })
    return ((await answer.json()) as { id: string }).id
  }

  async function stateOf(id: string): Promise<string> {
    const answer = await fetch(new URL(`/deploy/status/${id}`, grounds.url), { headers: headers() })
    return ((await answer.json()) as { state: string }).state
  }

  async function isIn(state: string, id: string): Promise<void> {
    await eventually(async () => (await stateOf(id)) === state)
    expect(await stateOf(id)).toBe(state)
  }

  /** The deployment that a block is about, as it has to be for it. */
  async function deploymentFor(about: 'waiting' | 'failed' | 'ended'): Promise<string> {
    await eventually(() => grounds.rows('select 1 from deployment where ended_at is null').length === 0)
    // One that runs already would be no deployment to speak of.
    if (about === 'ended') await isIn('success', await asks('1.2'))
    grounds.asksForApproval(about === 'waiting')
    const id = await asks(about === 'failed' ? '9.9' : '1.1')
    await isIn({ waiting: 'waiting', failed: 'failure', ended: 'success' }[about], id)
    grounds.asksForApproval(false)
    return id
  }

  /** What a block that is about what an account keeps finds there: nobody is asked for it. */
  async function keeps(text: string): Promise<void> {
    const nowhere = `${'x'.repeat(64)}.invalid`
    const kinds = ['credentials', 'targets'].filter((kind) => text.includes(`/config/acme/${kind}`))
    for (const kind of kinds) {
      const declared =
        kind === 'targets'
          ? { kind: 'docker', host: `tcp://${nowhere}:2376`, plain_http: true }
          : { registry: nowhere, username: 'x', password: { value: 'a-password' } }
      const init = { method: 'PUT', headers: { ...headers(), authorization: `Bearer ${tokens.grace}` }, body: JSON.stringify(declared) }
      const answer = await fetch(new URL(`/config/acme/${kind}/ghcr?untested=true`, grounds.url), init)
      expect([200, 201]).toContain(answer.status)
    }
  }

  /** In the shell of whoever follows the page, which ends at the first thing that fails. */
  async function run(text: string, environment: Readonly<Record<string, string>>): Promise<{ readonly code: number; readonly out: string }> {
    const env = { PATH: process.env['PATH'] ?? '', HOME: home, ...environment }
    const child = spawn('sh', ['-e', '-c', `exec 2>&1\n${text.replaceAll(ORIGIN, grounds.url.origin)}`], { cwd: home, env, stdio: ['ignore', 'pipe', 'ignore'] }) // prettier-ignore
    const [out, [code]] = await Promise.all([textOf(child.stdout), once(child, 'close') as Promise<[number]>])
    return { code, out }
  }

  const kept = (name: string): string => readFileSync(join(home, name), 'utf8')

  /** What the blocks of "Step by step" leave behind. */
  function left(text: string, out: string): void {
    if (text.includes('validated.json')) expect(out).toMatch(/^person: passed, ada has the role write$[^]*^true$/m)
    if (text.includes('state.json')) expect(out).toMatch(/^ada deployed \S+\/acme\/shop:1\.2 [^]*^true$/m)
    if (text.includes('page.json')) expect(out.trim().split('\n').length).toBeGreaterThanOrEqual(3)
    if (text.includes('log.txt')) expect(kept('log.txt')).toMatch(/^(?:.+\n)+$/)
    if (!text.includes('events.txt')) return
    const ids = kept('events.txt').match(/^id: .+$/gm) ?? []
    expect(ids.length).toBeGreaterThan(10)
    expect(new Set(ids).size).toBe(ids.length)
  }

  test.each(blocks.filter(({ text }) => text.includes('/config/')))('$name', async ({ text }) => {
    await keeps(text)
    const { code, out } = await run(text, { TOKEN: tokens.grace })
    // Its backup is another Gantry's.
    if (text.includes('"sealed"')) expect([code, out]).toEqual([22, expect.stringContaining('"code":"BACKUP_REFUSED"')])
    else expect([code, out]).toEqual([0, expect.not.stringContaining('"requestId"')])
  })

  test.each(blocks.filter(({ text }) => !text.includes('/config/')))('$name', async ({ text }) => {
    const [, name = ''] = /\/deploy\/\$ID\/(\w+)/.exec(text) ?? []
    const { about, becomes } = WISHES[name] ?? { about: 'ended', becomes: 'success' }
    const id = await deploymentFor(about)
    const { code, out } = await run(text, { TOKEN: name === 'approve' || name === 'reject' ? tokens.grace : tokens.ada, ID: id })
    expect([code, out]).toEqual([0, expect.not.stringContaining('"requestId"')])
    await isIn(becomes, id)
    left(text, out)
  })

  test('a block that fails is noticed', async () => {
    const { code, out } = await run(`curl -sS --fail-with-body "${ORIGIN}/deploy/status/$ID" -H "Authorization: Bearer $TOKEN"\necho and on`, {
      ...{ TOKEN: 'ghu_' + 'x'.repeat(36), ID: 'sb-' + '0'.repeat(40) },
    })
    expect(code).not.toBe(0)
    expect(out).toContain('"code":"AUTHENTICATION_REQUIRED"')
    expect(out).not.toContain('and on')
  })

  test('the page leads to the description for programs, where there is one', async () => {
    const page = await (await fetch(new URL('/docs/api', grounds.url))).text()
    expect(page).toContain('<a href="/openapi.json">')
    const { openapi } = (await (await fetch(new URL('/openapi.json', grounds.url))).json()) as { openapi: string }
    expect(openapi).toBe('3.1.0')
  })
})
