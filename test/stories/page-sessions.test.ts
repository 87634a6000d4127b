import { expect, story, type Cast, type Character } from '../story.ts'
import { GANTRY } from '../world/visit.ts'
import { FOUR_EYES } from '../world/world.ts'

// What a session is good for, and for how long: the clock is the story's.

const IN_A_BROWSER = { url: GANTRY }

/** A deployment that waits for a whole day; its id. */
async function waits({ ada, bot, github, registry, world }: Cast): Promise<string> {
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  github.has('.github/deploy.yml', FOUR_EYES.replace('expire: 4h', 'expire: 24h'))
  await ada.comments('/deploy production :1.2')
  bot.isHeard()
  return world.disk.all<{ id: string }>('select id from deployment')[0]?.id ?? ''
}

/** Somebody listens; `isOver`: nothing more comes. */
async function listens({ world }: Cast, path: string, headers: Readonly<Record<string, string>>) {
  const answer = await world.life.gantry.web!.fetch(new Request(`${GANTRY}${path}`, { headers }))
  const heard = { status: answer.status, isOver: false }
  const reader = answer.body?.getReader()
  const read = async (): Promise<void> => {
    while (reader !== undefined && !(await reader.read()).done);
    heard.isOver = true
  }
  void read()
  return heard
}

const cookieOf = ({ browser }: Character) => ({ cookie: [...browser.cookies].map((pair) => pair.join('=')).join('; ') })

const isRid = async (cast: Cast, id: string): Promise<void> => {
  await cast.ada.calls('POST', `/deploy/${id}/cancel`, {})
  cast.world.life.gantry.web?.close()
}

story.once(
  'whoever signs out, or may not look any more, hears nothing two minutes later',
  async (cast) => {
    const { ada, grace, eve, time, world } = cast
    const id = await waits(cast)
    for (const somebody of [ada, grace, eve]) await somebody.browser.signsIn()
    const live = `/d/${id}/live`
    const [adas, graces, eves] = [
      await listens(cast, live, cookieOf(ada)),
      await listens(cast, live, cookieOf(grace)),
      await listens(cast, live, cookieOf(eve)),
    ]
    expect([adas, graces, eves].map(({ status }) => status)).toEqual([200, 200, 200])
    await time.passes('2 minutes')
    expect([adas.isOver, graces.isOver, eves.isOver]).toEqual([false, false, false])
    await ada.browser.opens('/')
    await ada.browser.presses('Sign out')
    world.github.repository.isPrivate = true
    world.demotes(eve.person, 'none')
    await time.passes('2 minutes')
    expect([adas.isOver, graces.isOver, eves.isOver]).toEqual([true, false, true])
    expect((await ada.browser.opens(`/d/${id}`)).status).toBe(401)
    expect((await eve.browser.opens(`/d/${id}`)).status).toBe(404)
    expect((await eve.browser.opens('/')).says()).not.toContain('staging')
    expect((await eve.browser.opens('/approvals')).says()).not.toContain(id)
    await isRid(cast, id)
  },
  IN_A_BROWSER,
)

story.once(
  'a session is over after eight hours, whatever is done with it, and so is what listens by it',
  async (cast) => {
    const { ada, time } = cast
    const id = await waits(cast)
    await ada.browser.signsIn()
    await time.passes('7 hours')
    expect((await ada.browser.opens(`/d/${id}`)).status).toBe(200)
    const form = ada.browser.page?.buttons.find(({ caption }) => caption === 'Cancel')?.form
    await time.passes('59 minutes')
    const adas = await listens(cast, `/d/${id}/live`, cookieOf(ada))
    expect((await ada.browser.opens(`/d/${id}`)).status).toBe(200)
    await time.passes('3 minutes')
    expect(adas.isOver).toBe(true)
    expect((await ada.browser.sends(form!)).status).toBe(401)
    expect((await ada.browser.opens(`/d/${id}`)).says()).toContain('Sign in to see this')
    expect((await listens(cast, `/d/${id}/live`, cookieOf(ada))).status).toBe(401)
    await isRid(cast, id)
  },
  IN_A_BROWSER,
)

story.once(
  'what somebody listens to on pages and through the API counts together, and leaving makes room',
  async (cast) => {
    const { ada, grace, github, world } = cast
    const id = await waits(cast)
    await ada.browser.signsIn()
    const token = { authorization: `Bearer ${github.auth.signsIn(ada.person.account)}` }
    const all = []
    for (let nth = 0; nth < 50; nth += 1)
      all.push(
        await listens(
          cast,
          ...((nth % 2 === 0 ? [`/d/${id}/live`, cookieOf(ada)] : [`/deploy/status/${id}/events`, token]) as [string, Record<string, string>]),
        ),
      )
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await listens(cast, `/d/${id}/live`, cookieOf(ada))).status).toBe(429)
    expect((await listens(cast, `/deploy/status/${id}/events`, token)).status).toBe(429)
    // A second session is the same person.
    await ada.browser.signsIn()
    expect((await listens(cast, `/d/${id}/live`, cookieOf(ada))).status).toBe(429)
    await grace.browser.signsIn()
    expect((await listens(cast, `/d/${id}/live`, cookieOf(grace))).status).toBe(200)
    // To ask for the head alone is not to listen.
    world.life.gantry.web?.close()
    for (let nth = 0; nth < 60; nth += 1) {
      const head = await world.life.gantry.web!.fetch(new Request(`${GANTRY}/d/${id}/live`, { method: 'HEAD', headers: cookieOf(ada) }))
      expect([head.status, head.body]).toEqual([200, null])
    }
    await isRid(cast, id)
  },
  IN_A_BROWSER,
)

story.once(
  'a form of somebody who lost the role does nothing, however fresh the page is',
  async (cast) => {
    const { ada, grace, world } = cast
    const id = await waits(cast)
    await grace.browser.signsIn(`/d/${id}`)
    const approve = grace.browser.page?.buttons.find(({ caption }) => caption === 'Approve')?.form
    world.demotes(grace.person, 'read')
    const refused = await grace.browser.sends(approve!)
    expect(refused.says()).toContain('APPROVAL_NOT_ALLOWED')
    expect(world.disk.all(`select state from deployment`)).toEqual([{ state: 'waiting' }])
    await ada.browser.signsIn(`/d/${id}`)
    world.demotes(ada.person, 'read')
    expect((await ada.browser.presses('Cancel')).says()).toContain('PERMISSION_REQUIRED')
    expect(world.disk.all(`select state from deployment`)).toEqual([{ state: 'waiting' }])
    world.demotes(ada.person, 'write')
    await isRid(cast, id)
    cast.bot.isHeard()
  },
  IN_A_BROWSER,
)
