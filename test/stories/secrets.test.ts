import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'
import { leaksIn } from '../world/leaks.ts'
import { APP_KEY, PASSWORD, type World } from '../world/world.ts'

/**
 * Whoever is sent a secret may send it back: in an error, in a log line, in every spelling. Wherever it could arrive it is looked
 * for afterwards: every byte of the database, every byte that GitHub was sent, every line of the log.
 */
function listen(world: World): () => string[] {
  const sent: string[] = []
  world.wire.github ??= async (request) => (sent.push(await request.text()), null)
  return () => {
    const written = Buffer.from(world.disk.content())
    const sinks = [written.toString('latin1'), written.toString('utf8'), ...sent, ...world.logged]
    const secrets = [PASSWORD, APP_KEY, world.github.webhookSecret, ...world.github.auth.tokens.map(({ text }) => text)]
    return leaksIn(sinks, secrets)
  }
}

/** How a server says it: as it is, in JSON, in HTML, and so late in a long text that the end of it is cut off. */
const SAYINGS: readonly ((secret: string) => string)[] = [
  (secret) => JSON.stringify({ errors: [{ code: 'DENIED', message: `no entry for ${secret}`, detail: secret }] }),
  (secret) => JSON.stringify({ message: `you said ${secret}`, error: `you said ${secret}`, deeper: { secret } }),
  (secret) => `<html><title>502</title><p>The request was: ${secret}</p></html>`,
  ...[165, 186, 189, 270, 285, 291].map((at) => (secret: string) => `${'no '.repeat(at / 3)}${secret}`),
]

const basic = Buffer.from(`gantry:${PASSWORD}`).toString('base64')
const SPELLINGS = [PASSWORD, basic, `Authorization: Basic ${basic}`, encodeURIComponent(basic), Buffer.from(PASSWORD).toString('hex')]

/** Every way of saying it with some spelling at some place; the redactor's own tests have all of them with each other. */
const ECHOES = SAYINGS.map((say, index) => ({ say, spelling: SPELLINGS[index % SPELLINGS.length] ?? '', index }))

story.once('a registry sends back the password', async ({ world, ada, bot, registry }) => {
  const leaks = listen(world)
  await registry.has('acme/shop:1', {})
  for (const { say, spelling, index } of ECHOES) {
    const at = [/token/, /manifests/][index % 2]
    world.wire.registry = async ({ url, headers }) => {
      if (!at?.test(url)) return null
      const challenge = `Bearer realm="https://registry.test/${spelling}"`
      return new Response(say(`${spelling} ${headers.get('authorization') ?? ''}`), { status: 403, headers: { 'www-authenticate': challenge } })
    }
    await ada.comments('/deploy staging :1')
  }
  // Nine in one moment are more than GitHub bears at once.
  await world.time.passes('1 minute')
  bot.isHeard()
  expect(states(world)).toEqual(ECHOES.map(() => 'failure'))
  expect(leaks()).toEqual([])
})

story.once('a container engine sends back what it logs in with', async ({ world, ada, bot, registry, engine }) => {
  const leaks = listen(world)
  for (const { say, spelling, index } of ECHOES) {
    await registry.has(`acme/shop:${index}`, { [index]: '' })
    const at = [/images\/create/, /containers\/create/, /start/, /containers\/json/][index % 4]
    world.wire.engine = async ({ url, headers }) =>
      at?.test(url) ? new Response(say(`${spelling} ${headers.get('x-registry-auth') ?? ''}`), { status: 500 }) : null
    await ada.comments(`/deploy production :${index}`)
  }
  await ada.comments('/status production')
  await world.time.passes('1 minute')
  bot.isHeard()
  expect(engine.runs('shop')).toBe(null)
  expect(states(world)).toEqual(ECHOES.map(() => 'failure'))
  expect(leaks()).toEqual([])
})

story('a container prints the password, and its lines are shown without it', async ({ world, ada, bot, registry, engine }) => {
  const leaks = listen(world)
  const bad = await registry.has('acme/shop:1', { bad: '' })
  engine.finds(bad, 'never healthy')
  world.wire.engine = async ({ url }) => {
    if (!/logs/.test(url)) return null
    return new Response(SPELLINGS.flatMap((secret) => [`using ${secret}.`, `${'.'.repeat(288)}${secret}`]).join('\n'))
  }
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('container: using [secret].')
  expect(leaks()).toEqual([])
})

story.once('GitHub, or a proxy before it, sends back the token and the key', async ({ world, ada, bot, registry }) => {
  const sent: string[] = []
  await registry.has('acme/shop:1', {})
  let left = 12
  world.wire.github = async (request) => {
    const authorization = request.headers.get('authorization') ?? ''
    sent.push(await request.text())
    if ((left -= 1) % 2 === 0 || left < 0) return null
    const message = `${authorization} ${APP_KEY} ${world.github.webhookSecret}`
    return new Response(JSON.stringify({ message }), { status: left % 3 === 0 ? 403 : 502, headers: { 'content-type': 'application/json' } })
  }
  const leaks = listen(world)
  await ada.comments('/deploy production :1')
  await world.time.passes('1 hour')
  bot.isHeard()
  expect(world.logged.join('')).toContain('[secret]')
  expect([...leaks(), ...leaksIn(sent, [APP_KEY, world.github.webhookSecret])]).toEqual([])
})

story.once('a problem that was stored before its secret was known is shown without it', async ({ world, ada, bot, github }) => {
  await ada.comments('/deploy staging :1')
  bot.isHeard()
  world.disk.all(`update deployment set problem = json_set(problem, '$.found', ?)`, `it said ${PASSWORD}`)
  world.disk.all('update announcement set is_complete = 0')
  await world.dies()
  const [said] = [...github.repository.issues.values()].flatMap(({ comments }) => comments.filter(({ author }) => author.id === github.bot.id))
  expect(said?.body).toContain('it said [secret]')
  expect(github.repository.checks[0]?.output?.summary).toContain('it said [secret]')
})

story('every token that GitHub hands out is for one repository, and to look with or to write with', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  bot.isHeard()
  const issued = github.auth.tokens.map(({ repositories, permissions }) => ({ repositories, permissions: Object.fromEntries(permissions) }))
  for (const { repositories, permissions } of issued) {
    expect([...(repositories ?? [])]).toEqual([github.repository.id])
    const writes = Object.values(permissions).filter((level) => level === 'write')
    expect(permissions['members'] === undefined || writes.length === 0).toBe(true)
    expect(permissions).not.toHaveProperty('administration')
  }
  expect(issued.some(({ permissions }) => permissions['members'] === 'read')).toBe(true)
  expect(issued.some(({ permissions }) => permissions['deployments'] === 'write')).toBe(true)
  expect(states(world)).toEqual(['success'])
})
