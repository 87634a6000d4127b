import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { eventually } from '../world/grounds.ts'
import { serve } from '../demo/live.ts'
import { Town } from '../demo/town.ts'

const MAIN = fileURLToPath(new URL('../demo/main.ts', import.meta.url))
const demo = (...words: string[]) => spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8', timeout: 30_000 })

test('`npm run demo -- --once` plays a deployment and a refusal, and prints what the site serves', () => {
  const { status, stdout, stderr } = demo('--once')
  expect(stderr).toBe('')
  expect(stdout).toMatch(/@ada: .*\n {4}\/deploy staging\n\n@gantry\[bot\].*:\n {4}✅ \*\*ada\*\* deployed `127\.0\.0\.1:\d+\/acme\/shop:sha-/)
  expect(stdout).toMatch(/🚫 \*\*mallory\*\* asked to deploy `:1\.0` to \*\*`staging`\*\*: refused\.\n.*\n.*mallory may not deploy here/)
  const [, deployed] = /✅.*\(`(sha256:[0-9a-f]{12})`\)/.exec(stdout) ?? []
  const [, served] = /answers, from (sha256:[0-9a-f]{64}):\n {4}Acme Lamps/.exec(stdout) ?? []
  expect(served?.slice(0, 19)).toBe(deployed)
  expect(status).toBe(0)
})

test.each(['--port=abc', '--port=70000', '--twice', 'now'])('the demo says how it is started instead of taking %s', (word) => {
  const { status, stdout, stderr } = demo(word)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/npm run demo -- --once/)
  expect(status).toBe(2)
})

test('a bot that is killed in the middle of a deployment goes on with it, and says everything once', async () => {
  const town = await Town.opens()
  try {
    town.armed.crash = true
    town.comments('ada', '/deploy staging :1.1')
    const isDeployed = () => town.github.repository.deployments.at(-1)?.statuses.at(-1)?.state === 'success'
    expect(await eventually(isDeployed, 30), town.log).toBe(true)
    expect(town.happenings.filter(({ kind }) => kind === 'bot')).toHaveLength(2)
    expect(town.pull.comments.map(({ author }) => author.login)).toEqual(['ada', 'gantry[bot]'])
    expect((await town.served())[0]).toMatchObject({ tags: ['1.1'], isAway: false })
    town.github.verdict()
  } finally {
    await town.closes()
  }
})

test('the page is whole without its script, and for this machine only', async () => {
  const town = await Town.opens()
  const page = await serve(town, 0)
  const post = (headers: Record<string, string>, text = '/deploy staging') =>
    fetch(`${page.url}/comment`, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams({ as: 'ada', text }) })
  try {
    expect((await post({})).status).toBe(303)
    expect(await eventually(async () => (await text(page.url)).includes('>✅<'))).toBe(true)
    const answer = await fetch(page.url)
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/)
    expect(await answer.text()).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\/(?!127\.0\.0\.1:)|<style|<script(?! src="\/)| style=| on\w+=/)
    expect((await post({ origin: 'https://elsewhere.example' })).status).toBe(403)
    expect((await post({}, ' ')).status).toBe(422)
    expect((await fetch(`${page.url}/elsewhere`)).status).toBe(404)
  } finally {
    page.close()
    await town.closes()
  }
})

const text = async (url: string): Promise<string> => (await fetch(url)).text()
