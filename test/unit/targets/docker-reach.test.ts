import { expect, test } from 'vitest'
import { docker } from '../../../src/targets/docker.ts'

type Answers = Readonly<Record<string, () => Response>>

const said = (status: number, body: unknown) => () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })
const LIST = { '/containers/json': said(200, []) }

/** What the target says of an engine that answers so. */
async function reach(answers: Answers): Promise<string> {
  const fetch: typeof globalThis.fetch = async (input) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    return answers[pathname]?.() ?? said(404, 'page not found')()
  }
  const read = docker.options({ host: 'unix:///engine.sock' })
  if ('problem' in read) throw new Error(read.problem.sentence)
  const files = () => expect.fail('a docker target has no files')
  return docker.create('box', read.options, { fetch: () => fetch, files, clock: { now: () => 0, after: () => () => {} } }).reach()
}

test('an engine is shown by its version and platform', async () => {
  expect(await reach({ ...LIST, '/version': said(200, { Version: '26.1.4', Os: 'linux', Arch: 'arm64' }) })).toBe(
    'container engine 26.1.4, linux/arm64',
  )
})

test.each([
  ['keeps its version to itself', said(403, 'Forbidden')],
  ['has never heard of a version', said(404, 'page not found')],
  ['would write over the terminal', said(200, { Version: '26\u001b[2J', Os: 'linux', Arch: 'amd64' })],
])('what %s is reached all the same: no deployment asks for it', async (_what, version) => {
  expect(await reach({ ...LIST, '/version': version })).toBe('a container engine')
})

test('to be answered is not enough: whoever may not list containers cannot deploy there', async () => {
  const version = said(200, { Version: '26.1.4', Os: 'linux', Arch: 'amd64' })
  const denied = reach({ '/_ping': said(200, 'OK'), '/version': version, '/containers/json': said(403, { message: 'authorization denied' }) })
  await expect(denied).rejects.toMatchObject({ problem: { code: 'TARGET_REFUSED', found: '403 authorization denied', who: 'target' } })
})

test('what is no engine is not taken for one', async () => {
  await expect(reach({ '/containers/json': said(200, '<html>welcome</html>') })).rejects.toMatchObject({
    problem: { code: 'TARGET_REFUSED', sentence: 'What answers there does not speak the Docker Engine API.', who: 'account' },
  })
})
