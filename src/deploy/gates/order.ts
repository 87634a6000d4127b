import { Refusal } from '../../errors.ts'
import { listed, shortDigest, utc } from '../wording.ts'
import { digests, Waits, type Gate, type Situation } from './gate.ts'

/** What is deployed here runs in another environment first: the same digests, by the images' names, and for long enough. */
export const order: Gate = {
  name: 'order',
  skippedBy: ['rollback', 'override'],
  judge: (situation) => {
    const { proposal, records, now } = situation
    const after = proposal?.rules.after ?? null
    if (proposal === null || after === null) return null
    const { former } = records
    if (former === null) return required(situation, after.environment, 'nothing that succeeded there and still runs')
    const wanted = digests(situation)
    if (wanted === null) return null
    const there = new Map(former.plan.artifacts.map(({ name, digest }) => [name, digest]))
    const others = wanted.filter(({ name, digest }) => there.get(name) !== digest)
    if (others.length > 0) {
      const found = others.map(({ name }) => `${name} ${shortDigest(there.get(name) ?? 'not at all')}`)
      return required(situation, after.environment, `${after.environment} runs ${listed(found, 5)}`)
    }
    const ready = former.since + after.healthyFor
    if (now >= ready) return `the same images run in ${after.environment} since ${utc(former.since)}`
    const sentence = `The same images must run in ${after.environment} until ${utc(ready)}.`
    return new Waits({ reason: 'soak', sentence, until: ready, lookAt: ready })
  },
}

function required({ plan, proposal }: Situation, environment: string, found: string): Refusal {
  const images = (plan ?? proposal)?.artifacts.map(({ name, digest, tag }) => `${name} ${digest === null ? `:${tag}` : shortDigest(digest)}`) ?? []
  return new Refusal('ORDER_REQUIRED', {
    sentence: `This has to run in ${environment} first.`,
    found,
    wanted: `${environment} running ${listed(images, 5)}`,
    next: `Deploy the same images to ${environment}, then ask again.`,
  })
}
