import { expect, story, type Cast } from '../story.ts'
import { GANTRY, type Page } from '../world/visit.ts'
import { DEPLOY_YML, FOUR_EYES } from '../world/world.ts'

const IN_A_BROWSER = { url: GANTRY }
const HOME = '/r/acme/shop'

const has = ({ registry }: Cast, tag: string, content = tag): Promise<unknown> => registry.has(`acme/shop:${tag}`, { 'site/index.html': content })

/** Ids, commits and digests differ from story to story. */
const steady = (text: string): string =>
  text
    .replaceAll(/[0-9a-z]{1,12}-[0-9a-f]{32}/g, '<id>')
    .replaceAll(/sha256:[0-9a-f]{12}/g, 'sha256:<digest>')
    .replaceAll(/(?<=[Cc]ommit )[0-9a-f]{7}\b/g, '<commit>')

const buttonsOn = (page: Page): readonly string[] => page.buttons.map(({ caption, isDisabled }) => (isDisabled ? `(${caption})` : caption))

story.once(
  'ada deploys with the button: first she sees what would happen, then it does',
  async (cast) => {
    const { ada, bot, registry } = cast
    await has(cast, '1.2')
    await has(cast, '1.3')
    const first = await ada.browser.signsIn(HOME)
    expect(first.says('#now-shop:staging')).toContain('Nothing has succeeded here yet.')
    await ada.browser.presses('Deploy', { image: ':1.2' })
    await ada.browser.presses('Deploy shop:1.2 to staging')
    await ada.browser.opens(HOME)
    const shown = await ada.browser.presses('Deploy', { image: ':1.3' })
    expect(steady(shown.says())).toMatchInlineSnapshot(`
      "Environmentsacme/shopstaging
      Deploy shop:1.3 to staging
      Runs now
      shop:1.2
      site sha256:<digest>
      Commit <commit>
      →
      Will run
      shop:1.3 sha256:<digest> registry.test/acme/shop
      Commit <commit>
      Deploy shop:1.3 to staging
      Back
      Exactly what is shown here is deployed, or nothing.
      Commits
      It is the commit that runs already.
      registry.test/acme/shop:1.3 can be pulled (credential main)
      What was looked at
      done The target can pull from this registry it can pull from registry.test
      done The credential looks right credential main, basic
      done The registry answers Bearer, tokens from registry.test
      done Signed in repository:acme/shop:pull, for 300 s
      done The image is there sha256:<digest>1945d29b496fb6d66b57bcdd87b0f6759990a95528bbdd77581e
      done It is built for the platform linux/amd64
      done Its parts can be downloaded 174 bytes, from where the layers are
      done Its size 1 kB in 1 layer
      done The credential lives long enough no known end
      Rules
      done Person ada has the role write
      done Bounds of the target target site is allowed to this repository for staging"
    `)
    const deployed = await ada.browser.presses('Deploy shop:1.3 to staging')
    expect(deployed.path).toMatch(/^\/d\/[0-9a-z]+-[0-9a-f]+$/)
    expect(deployed.says('h1')).toContain('ada deployed registry.test/acme/shop:1.3')
    const after = await ada.browser.opens(HOME)
    expect(steady(after.says('#now-shop:staging'))).toMatchInlineSnapshot(`
      "staging
      As deployed
      shop:1.3 sha256:<digest>
      since just now by ada, commit <commit>
      site runs it Healthy
      https://staging.example.com"
    `)
    expect(steady(after.says('#history'))).toMatchInlineSnapshot(`
      "History
      State What Where Who When Took
      Deployed shop:1.3 staging ada on the page just now 0.0 s
      Deployed shop:1.2 staging ada on the page just now 0.0 s
      Filter it"
    `)
    expect(registry.digestOf('acme/shop:1.3')).toContain(/sha256:([0-9a-f]{12})/.exec(after.says('#now-shop:staging'))?.[1] ?? 'no digest')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'the tag moves between the look and the press: nothing is deployed, and the page says why',
  async (cast) => {
    const { ada, bot } = cast
    await has(cast, '1.2')
    await ada.browser.signsIn(HOME)
    await ada.browser.presses('Deploy', { image: ':1.2' })
    await has(cast, '1.2', 'somebody pushed the tag once more')
    const refused = await ada.browser.presses('Deploy shop:1.2 to staging')
    expect(refused.says('#hero')).toContain('Something has changed since it was shown: an image, the commit, the settings or the configuration.')
    expect(refused.says('#hero')).toContain('EXPECTATION_FAILED')
    expect((await ada.browser.opens(HOME)).says('#now-shop:staging')).toContain('site runs nothing of ours')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'the settings change between the look and the press: nothing is deployed either',
  async (cast) => {
    const { ada, bot, github } = cast
    await has(cast, '1.2')
    await ada.browser.signsIn(HOME)
    await ada.browser.presses('Deploy', { image: ':1.2' })
    github.has('.github/deploy.yml', DEPLOY_YML.replace('https://staging.example.com', 'https://other.example.com'))
    expect((await ada.browser.presses('Deploy shop:1.2 to staging')).says('#hero')).toContain('EXPECTATION_FAILED')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'a form that is sent twice deploys once',
  async (cast) => {
    const { ada, bot } = cast
    await has(cast, '1.2')
    await ada.browser.signsIn(HOME)
    const shown = await ada.browser.presses('Deploy', { image: ':1.2' })
    const form = shown.buttons.find(({ caption }) => caption === 'Deploy shop:1.2 to staging')?.form
    if (form == null) throw new Error('there is no form')
    const [one, two] = [await ada.browser.sends(form), await ada.browser.sends(form)]
    expect(two.path).toBe(one.path)
    const history = await ada.browser.opens(`${HOME}/history`)
    expect(history.links.filter(({ to }) => to.startsWith('/d/'))).toHaveLength(1)
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'on a pull request the head that the page shows is the one that is deployed, and a push after it is refused',
  async (cast) => {
    const { ada, bot, world } = cast
    await has(cast, '1.2')
    await ada.browser.signsIn(HOME)
    const path = `${HOME}/deploy?environment=staging&image=:1.2&issue=${world.pull.number}`
    expect((await ada.browser.opens(path)).says()).toContain(`Commit ${world.pull.pull?.head.slice(0, 7)}`)
    await ada.browser.presses('Deploy shop:1.2 to staging')
    expect(ada.browser.page?.says('#hero')).toContain('Deployed')
    expect(bot.says()).toContain('**ada** deployed')
    await ada.browser.opens(path)
    await ada.pushes()
    expect((await ada.browser.presses('Deploy shop:1.2 to staging')).says('#hero')).toContain('HEAD_MOVED')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'grace locks staging on the page: ada’s button says why, and ada gives it up in the end',
  async (cast) => {
    const { ada, grace, bot, time } = cast
    await has(cast, '1.2')
    await grace.browser.signsIn(HOME)
    const held = await grace.browser.presses('Lock staging', { reason: 'the database is being moved', hours: '4' })
    expect([held.path, held.says('#now-shop:staging')]).toEqual([HOME, expect.stringContaining('Locked by grace just now, until')])
    const page = await ada.browser.signsIn(HOME)
    expect(steady(page.says('#press-shop:staging'))).toMatchInlineSnapshot(`
      "staging is locked by grace: the database is being moved
      Whoever asked can put this right. Ask grace, or type "/unlock staging" if it is not needed any more. LOCKED"
    `)
    expect(buttonsOn(page)).toContain('(staging is locked by grace: the database is being moved)')
    const looked = await ada.browser.opens(`${HOME}/deploy?environment=staging&image=:1.2`)
    expect(buttonsOn(looked)).toContain('(staging is locked by grace: the database is being moved)')
    await ada.browser.opens(HOME)
    const free = await ada.browser.presses('Unlock')
    expect(free.says('#now-shop:staging')).not.toContain('Locked')
    expect(buttonsOn(free)).toContain('Deploy')
    await time.passes('1 minute')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'a lock that was taken in a comment is given up on the page, and its holder hears of it there',
  async (cast) => {
    const { ada, grace, bot } = cast
    await grace.comments('/lock staging a migration')
    expect(bot.says()).toContain('holds')
    await ada.browser.signsIn(HOME)
    await ada.browser.presses('Unlock')
    expect(bot.says()).toMatchInlineSnapshot(
      `"✅ **\`shop/staging\`** is free again: **ada** gave it up on Gantry's page for @grace, who had locked it (a migration)."`,
    )
  },
  IN_A_BROWSER,
)

story.once(
  'its holder hears of it once, wherever the process dies that gives it up',
  async (cast) => {
    const { ada, grace, bot, time, world } = cast
    await ada.browser.signsIn(HOME)
    let deaths = 0
    for (let at = 1, isSaid = false; !isSaid; at += 1) {
      for (const side of ['before', 'after'] as const) {
        // GitHub takes so many comments in a minute.
        await time.passes('1 minute')
        await grace.comments(`/lock staging migration ${at} ${side}`)
        expect(bot.says()).toContain('holds')
        await ada.browser.opens(HOME)
        const [{ log }, before] = [world.life.crossings, world.life.crossings.count]
        world.dooms([{ at, side }])
        await ada.browser.presses('Unlock')
        expect(world.disk.all('select 1 from lock'), `died ${side} crossing ${at}`).toEqual([])
        expect(
          bot.unread().map(({ body }) => body),
          `died ${side} crossing ${at}`,
        ).toEqual([expect.stringContaining(`@grace, who had locked it (migration ${at} ${side})`)])
        bot.says()
        // Behind that only a page is shown.
        isSaid = log.slice(before).some((crossing) => crossing.startsWith('sql update announcement set is_complete'))
        deaths += 1
      }
    }
    expect([deaths > 20, world.lives]).toEqual([true, deaths + 1])
  },
  { ...IN_A_BROWSER, timeout: 60_000 },
)

story.once(
  'what the page shows of a lock is what it gives up: one that was taken since stands',
  async (cast) => {
    const { ada, grace, bot, time } = cast
    await grace.comments('/lock staging first')
    await ada.browser.signsIn(HOME)
    await grace.comments('/unlock staging')
    await time.passes('1 minute')
    await grace.comments('/lock staging second')
    expect((await ada.browser.presses('Unlock')).says('#now-shop:staging')).toContain('second')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'a rollback shows from what to what, and which rules it is not asked again',
  async (cast) => {
    const { ada, bot, github, world } = cast
    await has(cast, '1.2')
    await has(cast, '1.3')
    github.has('.github/deploy.yml', `${DEPLOY_YML}    from: { branches: [main] }\n`)
    await ada.browser.signsIn(HOME)
    for (const tag of ['1.2', '1.3']) {
      await ada.browser.opens(`${HOME}/deploy?environment=production&image=:${tag}`)
      await ada.browser.presses(`Deploy shop:${tag} to production`)
    }
    await ada.browser.opens(HOME)
    const shown = await ada.browser.presses('Roll back')
    expect(shown.says('h1')).toBe('Roll production back to shop:1.2')
    expect(shown.says()).toContain('not asked: a rollback repeats a plan that has passed it before')
    const back = await ada.browser.presses('Roll production back to shop:1.2')
    expect(back.says('h1')).toContain('ada rolled production back')
    expect(world.engine.runs('shop')).toBe(cast.registry.digestOf('acme/shop:1.2'))
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'what runs in staging is promoted to production, where the rules ask for that order',
  async (cast) => {
    const { ada, bot, github } = cast
    await has(cast, '1.2')
    github.has('.github/deploy.yml', `${DEPLOY_YML}    after: { environment: staging, healthy_for: 1s }\n`)
    const first = await ada.browser.signsIn(HOME)
    expect(first.says('#rules-shop:production')).toContain('The same images must run in staging, healthy for 1 s, first.')
    await ada.browser.presses('Deploy', { image: ':1.2' })
    await ada.browser.presses('Deploy shop:1.2 to staging')
    await cast.time.passes('1 minute')
    await ada.browser.opens(HOME)
    const shown = await ada.browser.presses('Promote from staging')
    expect(shown.says('h1')).toBe('Promote shop:1.2 from staging to production')
    expect((await ada.browser.presses('Promote shop:1.2 from staging to production')).says('#hero')).toContain('Deployed')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'what would wait says for what, and what runs already says that',
  async (cast) => {
    const { ada, bot, github } = cast
    await has(cast, '1.2')
    github.has('.github/deploy.yml', FOUR_EYES)
    await ada.browser.signsIn(`${HOME}/deploy?environment=production&image=:1.2`)
    expect(ada.browser.page?.says('#decision')).toContain('Not at once: ')
    await ada.browser.opens(`${HOME}/deploy?environment=staging&image=:1.2`)
    await ada.browser.presses('Deploy shop:1.2 to staging')
    expect((await ada.browser.opens(`${HOME}/deploy?environment=staging&image=:1.2`)).says()).toContain(
      'Exactly this runs there already: nothing would have to change.',
    )
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'what is typed wrongly can be typed again',
  async (cast) => {
    const { ada, github } = cast
    github.has('.github/deploy.yml', DEPLOY_YML.replace(', tag: "sha-{short_sha}"', ''))
    await ada.browser.signsIn(HOME)
    const again = await ada.browser.presses('Deploy', { image: 'registry.test/acme/other:1.2' })
    expect([again.status, again.says('h1')]).toEqual([422, 'Deploy to staging'])
    expect(again.says()).toContain('IMAGE_NOT_DECLARED')
    expect(again.buttons.find(({ caption }) => caption === 'Deploy')?.form?.fields.get('image')).toBe('registry.test/acme/other:1.2')
    expect((await ada.browser.opens(`${HOME}/deploy?environment=staging`)).says()).toContain('IMAGE_REQUIRED')
    expect((await ada.browser.opens(`${HOME}/deploy?environment=nowhere`)).status).toBe(404)
    expect((await ada.browser.opens(`${HOME}/deploy?environment=staging&issue=x`)).status).toBe(422)
  },
  IN_A_BROWSER,
)

story.once(
  'without a configuration, and with a broken one, the page says what to do and where',
  async (cast) => {
    const { ada, github, time } = cast
    github.has('.github/deploy.yml', DEPLOY_YML.replace('target: site', 'taget: site'))
    const broken = await ada.browser.signsIn(HOME)
    expect(broken.says('#configuration')).toMatchInlineSnapshot(`
      "environments.staging.target is missing.
      Found
      7:3 staging
      Wanted
      a name
      Next
      Correct line 7 of .github/deploy.yml on the default branch; there is more to correct at 8:5.
      Who can put this right
      someone who can change this repository or its configuration
      Code
      CONFIGURATION_INVALID
      Line 7, column 3 of .github/deploy.yml"
    `)
    github.has('.github/deploy.yml', null)
    await time.passes('1 minute')
    expect((await ada.browser.opens(HOME)).says('#configuration')).toContain('CONFIGURATION_MISSING')
  },
  IN_A_BROWSER,
)

story.once(
  'an environment that the configuration does not declare any more is still there to be looked at',
  async (cast) => {
    const { ada, bot, github, time } = cast
    await has(cast, '1.2')
    await ada.browser.signsIn(`${HOME}/deploy?environment=staging&image=:1.2`)
    await ada.browser.presses('Deploy shop:1.2 to staging')
    github.has('.github/deploy.yml', DEPLOY_YML.replace('  staging:\n', '  preview:\n').replace('default: staging', 'default: preview'))
    await time.passes('1 minute')
    expect((await ada.browser.opens(HOME)).says('#former')).toContain('staging')
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'mallory may look and not deploy; for eve it is not there; nobody learns what a target runs who may not deploy',
  async (cast) => {
    const { ada, mallory, eve, bot, world, github } = cast
    await has(cast, '1.2')
    await ada.browser.signsIn(`${HOME}/deploy?environment=staging&image=:1.2`)
    await ada.browser.presses('Deploy shop:1.2 to staging')
    github.repository.isPrivate = true
    world.demotes(mallory.person, 'read')
    const page = await mallory.browser.signsIn(HOME)
    expect(steady(page.says('#press-shop:staging'))).toMatchInlineSnapshot(`
      "mallory may not deploy here.
      Someone who can change this repository or its configuration can put this right. Ask someone with the role write to deploy, or an administrator of the repository for that role. PERMISSION_REQUIRED"
    `)
    expect(page.says('#now-shop:staging')).toContain('What runs there is shown to those who may deploy there.')
    expect(page.says()).not.toContain('Lock staging')
    const looked = await mallory.browser.opens(`${HOME}/deploy?environment=staging&image=:1.2`)
    expect([looked.status, looked.says()]).toEqual([403, expect.stringContaining('PERMISSION_REQUIRED')])
    await eve.browser.signsIn('/')
    for (const path of [HOME, `${HOME}/history`, `${HOME}/deploy?environment=staging`, '/r/acme/nothing'])
      expect([path, (await eve.browser.opens(path)).status]).toEqual([path, 404])
    bot.isHeard()
  },
  IN_A_BROWSER,
)

story.once(
  'the history is filtered, and goes on page by page',
  async (cast) => {
    const { ada, bot, time } = cast
    await has(cast, '1.2')
    await ada.browser.signsIn(HOME)
    for (let count = 0; count < 31; count++) await ada.comments('/deploy staging :9.9')
    await ada.comments('/deploy staging :1.2')
    const all = await ada.browser.opens(`${HOME}/history`)
    expect(all.says('#history')).toContain('Deployed')
    const older = await ada.browser.presses('Older')
    expect(older.says('#history')).not.toContain('Deployed')
    await ada.browser.presses('Newest')
    const good = await ada.browser.presses('Show', { environment: 'staging', state: 'success' })
    expect(good.links.filter(({ to }) => to.startsWith('/d/'))).toHaveLength(1)
    expect(good.html).toContain('1 succeeded, 31 failed.')
    // GitHub takes only so many comments at once.
    await time.passes('1 hour')
    bot.isHeard()
  },
  { ...IN_A_BROWSER, timeout: 60_000 },
)
