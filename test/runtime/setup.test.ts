import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startSetup, type Setup } from '../../src/runtime/setup.ts'
import { readSettings } from '../../src/settings.ts'
import { GitHub, type Manifest } from '../world/github/github.ts'

const appYml = readFileSync(new URL('../../app.yml', import.meta.url), 'utf8')
const HOME = 'https://gantry.acme.example'

let folder: string
let setup: Setup | null = null
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-setup-'))
})
afterEach(async () => {
  await setup?.close()
  setup = null
  await rm(folder, { recursive: true })
})

const github = new GitHub({ clock: { now: () => Date.now() } })

async function begins(variables: Readonly<Record<string, string>>) {
  const said: string[] = []
  const read = readSettings({ ...variables, PORT: '0' }, { readFile: () => '', toPkcs8: () => null })
  if ('problems' in read) throw new Error(read.problems[0]?.sentence)
  const { settings } = read
  const environmentFile = join(folder, '.env')
  setup = await startSetup({ settings, fetch: github.fetch, appYml, environmentFile, say: (line) => said.push(line) })
  const token = said[0]?.split(' ').at(-1) ?? ''
  const { url } = setup
  const handsOver = async (home: string) => {
    const answer = await fetch(`${url}/setup`, { method: 'POST', body: new URLSearchParams({ token, home }) })
    const page = await answer.text()
    const field = /name="manifest" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const manifest = JSON.parse(field.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')) as Manifest
    return { manifest, state: /settings\/apps\/new\?state=([\w-]+)/.exec(page)?.[1] ?? '' }
  }
  return { url, environmentFile, handsOver }
}

test('an App is registered with the address that people are sent back to after signing in', async () => {
  const { url, environmentFile, handsOver } = await begins({})
  const { manifest, state } = await handsOver(HOME)
  expect(manifest.callback_urls).toEqual([`${HOME}/login/callback`])
  const code = github.takesManifest(manifest)
  expect((await fetch(`${url}/setup/registered?state=${state}&code=${code}`)).status).toBe(200)
  expect(github.auth.callbacks).toContain(`${HOME}/login/callback`)
  expect(await readFile(environmentFile, 'utf8')).toContain(`GITHUB_CLIENT_ID=${github.auth.client.id}`)
})

test('where webhooks come through a proxy, that address is this machine’s, or the one that was set', async () => {
  const WEBHOOK_PROXY_URL = 'https://smee.io/abcdef'
  const here = await begins({ WEBHOOK_PROXY_URL })
  expect((await here.handsOver('')).manifest.callback_urls).toEqual([`${here.url}/login/callback`])
  await setup?.close()
  const { handsOver } = await begins({ WEBHOOK_PROXY_URL, GANTRY_URL: HOME })
  expect((await handsOver('')).manifest.callback_urls).toEqual([`${HOME}/login/callback`])
})
