import { FOUR_EYES } from '../world/world.ts'
import { GANTRY } from '../world/visit.ts'
import { expect, story, type Cast } from '../story.ts'

// A deployment's own page: what there is to press, and what comes of it.

const has = ({ registry }: Cast, tag: string): Promise<unknown> => registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })
const IN_A_BROWSER = { url: GANTRY }

const idsOf = ({ world }: Cast): string[] => world.disk.all<{ id: string }>('select id from deployment order by sequence').map(({ id }) => id)
const lastPage = (cast: Cast): string => `/d/${idsOf(cast).at(-1)}`

story(
  'what failed says why and can be tried again with the same plan, once, however often the form is sent',
  async (cast) => {
    const { ada, bot } = cast
    await has(cast, '1.1')
    await ada.comments('/deploy staging :1.2')
    bot.isHeard()
    await ada.browser.signsIn(lastPage(cast))
    const failed = await ada.browser.opens(lastPage(cast))
    expect(failed.says('#hero')).toContain('Failed')
    expect(failed.says('#hero')).toContain('TAG_NOT_FOUND')
    expect(failed.says('#hero')).toContain('Check the name for typing errors, or push the image first.')
    await has(cast, '1.2')
    const form = failed.buttons.find(({ caption }) => caption === 'Retry')?.form
    const retried = await ada.browser.sends(form!)
    expect(retried.says('#hero')).toContain('ada deployed once more')
    const again = await ada.browser.sends(form!)
    expect(again.path).toBe(retried.path)
    expect(idsOf(cast)).toHaveLength(2)
    expect(bot.says()).toContain('deployed once more')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story(
  'what waits is cancelled by whoever asked, and offered again',
  async (cast) => {
    const { ada, bot, github } = cast
    await has(cast, '1.2')
    github.has('.github/deploy.yml', FOUR_EYES)
    await ada.comments('/deploy production :1.2')
    await ada.browser.signsIn()
    const waiting = await ada.browser.opens(lastPage(cast))
    expect(waiting.says('#hero')).toContain('You may not approve it: ada may not approve')
    const cancelled = await ada.browser.presses('Cancel')
    expect(cancelled.says('#hero')).toContain('ada cancelled')
    expect(cancelled.buttons.map(({ caption }) => caption)).toContain('Deploy again')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story(
  'a rejection needs a reason, which whoever asked reads',
  async (cast) => {
    const { ada, grace, bot, github } = cast
    await has(cast, '1.2')
    github.has('.github/deploy.yml', FOUR_EYES)
    await ada.comments('/deploy production :1.2')
    await grace.browser.signsIn()
    await grace.browser.opens(lastPage(cast))
    const nothing = await grace.browser.presses('Reject')
    expect([nothing.status, nothing.says('main')]).toEqual([422, expect.stringContaining('A rejection needs a reason.')])
    await grace.browser.opens(lastPage(cast))
    const rejected = await grace.browser.presses('Reject', { reason: 'not before the weekend' })
    expect(rejected.says('#hero')).toContain('APPROVAL_REJECTED')
    expect(rejected.says('#hero')).toContain('grace rejected just now: not before the weekend')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'the page follows a deployment, and whoever comes back after a restart misses nothing',
  async (cast) => {
    const { ada, grace, bot, github, world } = cast
    await has(cast, '1.2')
    github.has('.github/deploy.yml', FOUR_EYES)
    await ada.comments('/deploy production :1.2')
    await ada.browser.signsIn()
    const path = lastPage(cast)
    const before = await ada.browser.opens(path)
    const from = /data-from="([^"]+)"/.exec(before.html)?.[1] ?? ''
    await world.dies()
    await grace.comments(`/approve ${idsOf(cast).at(-1)}`)
    const live = await ada.browser.asks('GET', `${path}/live?from=${from}`)
    expect(live.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = live.html.split('\n\n').filter((one) => one !== '')
    const last = events.at(-1) ?? ''
    expect(last).toMatch(/event: state/)
    expect(last).toContain('"state":"success"')
    const whole = await ada.browser.asks('GET', `${path}/live`)
    const stepsIn = (text: string) => text.split('\n').filter((line) => line.startsWith('data: {"name"'))
    expect(stepsIn(live.html).length).toBeGreaterThan(0)
    expect(stepsIn(whole.html).slice(-stepsIn(live.html).length)).toEqual(stepsIn(live.html))
    expect(stepsIn(whole.html).length).toBeGreaterThan(stepsIn(live.html).length)
    // The session has outlived the process too.
    expect((await ada.browser.opens(path)).says('#hero')).toContain('Deployed')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'whoever may not see the repository finds nothing there, as if there were none',
  async (cast) => {
    const { ada, eve, bot, github } = cast
    await has(cast, '1.2')
    github.repository.isPrivate = true
    await ada.comments('/deploy staging :1.2')
    await eve.browser.signsIn()
    const [there, nowhere] = [await eve.browser.opens(lastPage(cast)), await eve.browser.opens('/d/s1-00000000000000000000000000000000')]
    const steady = (text: string) => text.replaceAll(/[a-z0-9]+-[0-9a-f]{32}|p[0-9a-f]+-\w+/g, '<id>')
    expect([there.status, steady(there.says())]).toEqual([404, steady(nowhere.says())])
    expect((await eve.browser.asks('GET', `${lastPage(cast)}/live`)).status).toBe(404)
    expect((await eve.browser.opens('/')).says()).not.toContain('acme/shop')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'whoever is not signed in is asked to, and comes back to where they were',
  async (cast) => {
    const { ada, bot } = cast
    await has(cast, '1.2')
    await ada.comments('/deploy staging :1.2')
    const asked = await ada.browser.opens(lastPage(cast))
    expect([asked.status, asked.says('h1')]).toEqual([401, 'Sign in to see this'])
    const to = asked.links.find(({ words }) => words === 'Sign in with GitHub')?.to
    expect(to).toBe(`/login?to=${encodeURIComponent(lastPage(cast))}`)
    const there = await ada.browser.signsIn(lastPage(cast))
    expect([there.status, there.path]).toEqual([200, lastPage(cast)])
    const out = await ada.browser.presses('Sign out')
    expect(out.says('h1')).toBe('Deploy by asking, and see what runs')
    expect((await ada.browser.opens(lastPage(cast))).status).toBe(401)
    bot.isHeard()
  },
  IN_A_BROWSER,
)
