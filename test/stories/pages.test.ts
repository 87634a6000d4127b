import { FOUR_EYES } from '../world/world.ts'
import { GANTRY } from '../world/visit.ts'
import { expect, story, type Cast } from '../story.ts'

const has = ({ registry }: Cast, tag: string): Promise<unknown> => registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })
const IN_A_BROWSER = { url: GANTRY }

/** Ids, times and digests differ from story to story. */
const steady = (text: string): string => text.replaceAll(/[0-9a-z]{1,12}-[0-9a-f]{32}/g, '<id>').replaceAll(/sha256:[0-9a-f]{12}/g, 'sha256:<digest>')

story.once(
  'ada signs in, sees what runs, and follows what was deployed',
  async (cast) => {
    const { ada, bot } = cast
    await has(cast, '1.2')
    expect((await ada.browser.opens('/')).says()).toContain('Sign in with GitHub')
    const first = await ada.browser.signsIn()
    expect([first.status, first.path]).toEqual([200, '/'])
    expect(first.says()).toContain('Nothing has been deployed yet in a repository that you may see.')
    await ada.comments('/deploy staging :1.2')
    bot.isHeard()
    const overview = await ada.browser.opens('/')
    expect(steady(overview.says())).toMatchInlineSnapshot(`
      "Environments
      acme/shop
      staging
      As deployed
      shop:1.2 sha256:<digest>
      since just now by ada
      These are the repositories that you and the App could see when you signed in. Look again after you have installed it on others."
    `)
    const page = await ada.browser.presses('shop:1.2')
    expect(steady(page.says())).toMatchInlineSnapshot(`
      "Environmentsacme/shopstaging
      Deployed
      ada deployed registry.test/acme/shop:1.2 (sha256:<digest>) to staging in 0.0 s.
      Open stagingRoll back
      Steps
      done Permission and rules checked 0.0 s
      done Image found sha256:<digest> as credential main 0.0 s
      done Image can be pulled linux/amd64, 1 kB in 1 layer, as credential main 0.0 s
      done Had its turn 0.0 s
      done Image started 0.0 s
      done Read back what runs site runs sha256:<digest> 0.0 s
      What each of the 6 rules said
      done Person ada has the role write
      done Comment the comment stands as it was written
      done Pull request the pull request is open
      done Mergeable the pull request could be merged
      done Head commit the head is older than the comment
      done Bounds of the target target site is allowed to this repository for staging
      Log
      unpacking 1 layer of registry.test/acme/shop
      serving sha256:<digest>b489cae94c102cfb66e2a43c759535ae6cdf793d8129a7b5f3cf from /site
      About it
      Environment
      staging
      Image
      registry.test/acme/shop:1.2 sha256:<digest>
      Commit
      aa24151
      Address
      https://staging.example.com
      Asked
      just now by ada in a comment
      Took
      0.0 s
      On GitHub
      What was askedThe commentThe check run
      Id
      <id>"
    `)
  },
  IN_A_BROWSER,
)

story.once(
  'a second person approves on the page',
  async (cast) => {
    const { ada, grace, bot, github } = cast
    await has(cast, '1.2')
    github.has('.github/deploy.yml', FOUR_EYES)
    await ada.comments('/deploy production :1.2')
    bot.isHeard()
    await grace.browser.signsIn('/approvals')
    expect(steady(grace.browser.page?.says() ?? '')).toMatchInlineSnapshot(`
      "Approvals
      Waiting for you
      ada, deploying registry.test/acme/shop:1.2 (sha256:<digest>) to production waits for an approval.
      Repository
      acme/shop
      Asked
      just now by ada
      Image
      registry.test/acme/shop:1.2 sha256:<digest>
      Commit
      aa24151
      Given up
      2026-11-23 17:00 UTC
      Approve
      Reject…
      Why not Whoever asked reads it.
      Reject"
    `)
    const approved = await grace.browser.presses('Approve')
    expect(approved.says()).toContain('Deployed')
    expect(approved.says()).toContain('grace approved')
    bot.isHeard()
  },
  IN_A_BROWSER,
)
