import { isOf, pathOf, routes } from '../attacks/routes.ts'
import { expect, story, type Cast } from '../story.ts'
import { createRepository } from '../world/github/population.ts'
import { FORM_TOKEN } from '../../src/web/form.ts'
import { GANTRY, type Page } from '../world/visit.ts'
import { FOUR_EYES } from '../world/world.ts'

// To whom may not see a repository, a deployment or an account, there is none: nothing tells it from one that nobody has.

const IN_A_BROWSER = { url: GANTRY }

/** What is there, and the same where nothing is. */
interface Names {
  readonly real: Readonly<Record<string, string>>
  readonly none: Readonly<Record<string, string>>
}

/** Everything that an answer is, but for the name that was asked for and the request's own. */
function answerOf({ status, headers, html }: Page, names: Readonly<Record<string, string>>): unknown {
  const text = Object.values(names).reduce((left, name) => left.replaceAll(name, 'NAME'), html)
  const steady = (one: string): string => one.replaceAll(/p[0-9a-f]{10}-[0-9a-z]+/g, 'REQUEST').replaceAll(/r=\d+;t=\d+/g, 'LEFT')
  return {
    status,
    headers: [...headers].filter(([name]) => name !== 'content-length').map(([name, value]) => `${name}: ${steady(value)}`),
    text: steady(text),
  }
}

/** What is asked to find out whether somebody may see a repository that has the App. */
const MAY_LOOK = new Set([
  'POST /app/installations/{installation_id}/access_tokens',
  'GET /repos/{owner}/{repo}',
  'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
  'GET /orgs/{org}/memberships/{username}',
])

async function asksAll(cast: Cast, { real, none }: Names, under = '/'): Promise<{ readonly differ: readonly string[]; readonly tried: number }> {
  const { mallory, time, github } = cast
  await mallory.browser.signsIn()
  const token = mallory.browser.page!.buttons.find(({ form }) => form !== null)?.form?.fields.get(FORM_TOKEN) ?? ''
  const form = new URLSearchParams({ [FORM_TOKEN]: token, reason: 'because', nonce: 'n', environment: 'staging', app: 'shop' }).toString()
  const own = { 'content-type': 'application/x-www-form-urlencoded', origin: GANTRY, 'sec-fetch-site': 'same-origin' }
  // Where nothing but the account is another, the second question would be answered from the first.
  const named = routes().filter(({ path }) => path.startsWith(under) && pathOf(path, real) !== pathOf(path, none))
  const differ: string[] = []
  for (const { method, path } of named) {
    // Each is asked as if nobody had asked for a while, and within the limits on questions about what is not there.
    await time.passes('2 minutes')
    const asks = async (names: Readonly<Record<string, string>>) => {
      const before = github.calls.length
      const came = await mallory.browser.asks(method, pathOf(path, names), method === 'POST' ? form : undefined, method === 'POST' ? own : {})
      return {
        answer: JSON.stringify(answerOf(came, names)),
        calls: github.calls.slice(before).map(({ operation }) => operation),
        status: came.status,
      }
    }
    const [there, not] = [await asks(real), await asks(none)]
    if (there.answer !== not.answer) differ.push(`${method} ${path}:\n  ${there.answer}\n  ${not.answer}`)
    if (![401, 403, 404].includes(there.status)) differ.push(`${method} ${path} is answered with ${there.status}`)
    // To say no takes the question whether this person may look, as it does behind the API: how long it takes may tell. Nothing else may.
    const more = there.calls.filter((call) => !not.calls.includes(call) && !MAY_LOOK.has(call))
    if (more.length > 0) differ.push(`${method} ${path} asks GitHub ${more.join()}`)
  }
  return { differ, tried: named.length }
}

story.once(
  'a stranger finds nothing: what there is and what there is not are answered alike on every route',
  async (cast) => {
    const { ada, bot, github, registry, world, mallory } = cast
    await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
    github.has('.github/deploy.yml', FOUR_EYES)
    await ada.comments('/deploy production :1.2')
    bot.isHeard()
    github.repository.isPrivate = true
    world.demotes(mallory.person, 'none')
    const id = (world.disk.all<{ id: string }>('select id from deployment')[0] ?? { id: '' }).id
    const owners = { owner: 'acme', account: 'acme', login: 'acme' }
    const real = { id, ...owners, name: 'shop', repo: 'shop', repository: 'shop', environment: 'staging', credential: 'main', target: 'site' }
    // Of the same shape and length, so that nothing but the name is another.
    const none = { ...real, id: id.replace(/.{8}$/, '00000000'), owner: 'acmf', account: 'acmf', login: 'acmf' }
    const { differ, tried } = await asksAll(cast, { real, none })
    expect(differ).toEqual([])
    expect(tried).toBeGreaterThan(5)
    // Nor is a repository that has no App told from one that is not there.
    createRepository(github.state, github.repository.owner, { name: 'bare', isPrivate: true }, github.now())
    const bare = await asksAll(
      cast,
      {
        real: { ...real, name: 'bare', repo: 'bare', repository: 'bare' },
        none: { ...real, name: 'barf', repo: 'barf', repository: 'barf' },
      },
      '/r/',
    )
    expect(bare.differ).toEqual([])
    expect(world.disk.all('select state from deployment')).toEqual([{ state: 'waiting' }])
    expect(isOf('/d/:id', `/d/${id}`)).toBe(true)
    await ada.calls('POST', `/deploy/${id}/cancel`, {})
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'whoever is not signed in is answered alike for everything, and nobody is asked',
  async (cast) => {
    const { ada, bot, eve, github, registry, world } = cast
    await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
    await ada.comments('/deploy staging :1.2')
    bot.isHeard()
    const id = (world.disk.all<{ id: string }>('select id from deployment')[0] ?? { id: '' }).id
    const calls = github.calls.length
    for (const { method, path } of routes().filter((one) => one.path.includes(':')))
      for (const names of [
        { id, owner: 'acme', name: 'shop', repo: 'shop', account: 'acme', login: 'acme' },
        { id: id.replace(/.{8}$/, '00000000'), owner: 'acmf', name: 'shop', repo: 'shop', account: 'acmf', login: 'acmf' },
      ]) {
        const { status } = await eve.browser.asks(
          method,
          pathOf(path, names),
          method === 'POST' ? 'x=y' : undefined,
          method === 'POST' ? { origin: GANTRY } : {},
        )
        expect([method, path, status]).toEqual([method, path, 401])
      }
    expect(github.calls.length).toBe(calls)
  },
  IN_A_BROWSER,
)
