import { deploymentFor, deploymentUnknown } from '../asking.ts'
import { visitorIn } from '../cookies.ts'
import { placeIn } from '../events.ts'
import { listening } from '../listening.ts'
import { frame } from '../look/frame.ts'
import { STATES } from '../look/parts.ts'
import { visitorOf, type Page } from '../visit.ts'
import { actionsFor } from './deployment/actions.ts'
import { whole } from './deployment/shown.ts'
import { wishes } from './deployment/wishes.ts'

const ID = '/d/:id{[0-9a-z]{1,12}-[0-9a-z]{20,64}}'

/** One deployment: how it goes while it goes, what became of it from then on, and what there is to do next. */
export const deployment: Page = (site, doors) => {
  site.get(ID, async (c) => {
    const visitor = visitorOf(c)
    const { id } = await deploymentFor(c.req.param('id'), visitor.caller, doors)
    const found = doors.shown.read(id)
    if (found === null) throw deploymentUnknown(id)
    const { deployment: it, body } = found
    const title = `${STATES[it.state].word}: ${body.environment ?? 'a deployment'} of ${body.repository}`
    const actions = await actionsFor(it, visitor, doors)
    return c.html(frame({ title, place: 'environments', main: whole(found, actions, doors) }, c, doors))
  })
  site.get(`${ID}/live`, async (c) => {
    const visitor = visitorOf(c)
    const { id, request } = await deploymentFor(c.req.param('id'), visitor.caller, doors)
    const from = placeIn(c.req.header('last-event-id') ?? c.req.query('from'))
    const mayStill = async () => {
      const still = await visitorIn(c, doors)
      return still !== null && (await still.caller.sees(request.repository))
    }
    return listening(c, doors.live.stream(id, visitor.caller.countedBy, from, mayStill))
  })
  wishes(site, doors, ID)
}
