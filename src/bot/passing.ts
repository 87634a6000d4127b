import type { Activity } from '../deploy/activity.ts'
import type { Clock } from '../deploy/clock.ts'
import type { Service } from '../deploy/service.ts'
import type { GitHub } from './github.ts'
import type { Passing } from './tidings.ts'

export interface PassingDoors {
  readonly service: Pick<Service, 'happened'>
  readonly github: Pick<GitHub, 'welcome'>
  readonly clock: Clock
  readonly activity: Activity
  readonly incident: (error: unknown, about: string) => string
}

/** CI reports in bursts, and each report that is told makes what waits for it ask GitHub again. */
const JOIN = 2_000

/** Tells the engine what is not stored: the first of a kind at once, and those that come within two seconds after it together. */
export function createPassing({ service, github, clock, activity, incident }: PassingDoors): (passes: Passing) => void {
  /** Told lately; `true` where it has come again since. */
  const lately = new Map<string, boolean>()

  const tell = (passes: Passing): void => {
    const key = keyOf(passes)
    if (lately.has(key)) return void lately.set(key, true)
    lately.set(key, false)
    // Not before GitHub has its answer.
    void activity.run(async () => {
      await Promise.resolve()
      try {
        if (passes.kind === 'back') github.welcome(passes.installation)
        else await service.happened(passes)
      } catch (error) {
        incident(error, key)
      }
    })
    clock.after(JOIN, () => {
      const isAgain = lately.get(key)
      lately.delete(key)
      if (isAgain === true) tell(passes)
    })
  }
  return tell
}

function keyOf(passes: Passing): string {
  if (passes.kind === 'back') return `back:${passes.installation}`
  const about = passes.kind === 'checks' ? passes.commit : 'subject' in passes ? passes.subject : ''
  return `${passes.kind}:${passes.repository.id}:${about}`
}
