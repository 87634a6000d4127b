import { expect, story, type Cast } from '../story.ts'
import { DEPLOY_YML } from '../world/world.ts'

// A stream lasts as long as a deployment does, and no longer than the right to see it. grace owns acme; ada asks, and her deployment waits for a word.

const GANTRY = 'https://gantry.example'
const STAGING = { repository: 'acme/shop', environment: 'staging', image: ':1.2' }

async function waits({ world, ada, github, registry }: Cast): Promise<{ readonly id: string; readonly events: string }> {
  const rules = `    allow: { role: write, any: [user:ada, token:ci, workflow:release.yml] }\n    approvals: { count: 1 }\n    url: https://staging`
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', rules))
  github.repository.isPrivate = true
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  world.url = GANTRY
  await world.dies()
  const asked = await ada.calls('POST', '/deploy', STAGING)
  const { body } = await ada.calls('GET', asked.headers.get('location') ?? '')
  expect(body).toMatchObject({ state: 'waiting', isFinal: false })
  return { id: body.id, events: body.links.events }
}

/** Listens with this token; what was heard is known once the stream has ended. */
async function listens({ world }: Cast, token: string, events: string) {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await world.life.gantry.web?.fetch(new Request(`${GANTRY}${events}`, { headers }))
  expect(answer?.status).toBe(200)
  let hasEnded = false
  const heard = new Response(answer?.body).text().finally(() => (hasEnded = true))
  return { heard, hasEnded: () => hasEnded }
}

/** Tokens of everybody who may look, and how each loses that. */
const TOKENS: Readonly<Record<string, (cast: Cast) => Promise<{ readonly token: string; ends(): unknown }>>> = {
  'an API token that is revoked': async ({ grace }) => {
    const wanted = { name: 'ci', repositories: 'all', environments: ['staging'], actions: ['read'], days: 30 }
    const made = await grace.calls('POST', '/config/acme/tokens', wanted)
    return { token: made.body.token, ends: () => grace.calls('DELETE', '/config/acme/tokens/ci') }
  },
  'a person whose role is taken away': async ({ trent, github, world }) => {
    world.demotes(trent.person, 'read')
    return { token: github.auth.signsIn(trent.person.account), ends: () => world.demotes(trent.person, 'none') }
  },
  'a person who takes the token back': async ({ ada, github }) => {
    const token = github.auth.signsIn(ada.person.account)
    return { token, ends: () => github.auth.userTokens.delete(token) }
  },
}

for (const [who, gets] of Object.entries(TOKENS))
  story.once(`${who} hears nothing any more two minutes later`, async (cast) => {
    const { grace, time, world } = cast
    const { id, events } = await waits(cast)
    const { token, ends } = await gets(cast)
    const stream = await listens(cast, token, events)
    await time.passes('10 minutes')
    expect(stream.hasEnded()).toBe(false)
    await ends()
    await time.passes('2 minutes')
    await grace.calls('POST', `/deploy/${id}/approve`, {})
    await world.settle()
    const heard = await stream.heard
    expect(heard).toContain('"state":"waiting"')
    expect(heard).not.toContain('"state":"success"')
  })

story.once('a workflow hears as long as its token is good, and goes on with the next one from where it was', async (cast) => {
  const { ada, grace, github, time } = cast
  const { id, events } = await waits(cast)
  const job = () => github.actions.token(ada.person, GANTRY, {})
  const first = await listens(cast, job(), events)
  await time.passes('4 minutes')
  expect(first.hasEnded()).toBe(false)
  await time.passes('4 minutes')
  expect(await first.heard).not.toContain('isFinal":true')
  const next = await listens(cast, job(), events)
  await grace.calls('POST', `/deploy/${id}/approve`, {})
  expect(await next.heard).toContain('"state":"success"')
})

story.once('fifty streams of a person cost GitHub what one does: each minute whose the token is, and what their role', async (cast) => {
  const { ada, grace, github, time } = cast
  const { id, events } = await waits(cast)
  const token = github.auth.signsIn(ada.person.account)
  const streams = await Promise.all(Array.from({ length: 50 }, () => listens(cast, token, events)))
  const before = github.calls.length
  await time.passes('10 minutes')
  const asked = github.calls.slice(before).map(({ operation }) => operation)
  const times = (operation: string): number => asked.filter((one) => one === operation).length
  expect(times('POST /applications/{client_id}/token')).toBe(10)
  expect(times('GET /repos/{owner}/{repo}/collaborators/{username}/permission')).toBe(10)
  await grace.calls('POST', `/deploy/${id}/approve`, {})
  for (const { heard } of streams) expect(await heard).toContain('"state":"success"')
})
