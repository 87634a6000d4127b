import { Refusal } from '../../errors.ts'
import { expectedPlan } from '../plan.ts'
import { listed, shortCommit, shortDigest } from '../wording.ts'
import { digests, judged, type Gate, type Situation } from './gate.ts'

/** `--expect`: nothing but this commit, this digest, or this plan, is deployed. No refusal offers a command with the one that was found. */
export const expected: Gate = {
  name: 'expectation',
  skippedBy: [],
  judge: (situation) => {
    const expect = situation.request.asks.expect
    if (expect === null || situation.proposal === null) return null
    if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(expect)) {
      const commit = judged(situation) ?? ''
      return commit === expect
        ? 'the commit is the one that was named'
        : failed('The commit is not the one that was named.', shortCommit(commit), shortCommit(expect))
    }
    if (/^plan:[0-9a-f]{64}$/.test(expect)) return planned(expect, situation)
    if (!/^sha256:[0-9a-f]{64}$/.test(expect))
      return failed('What is expected must be named whole.', expect, 'a whole commit, or sha256: and 64 hexadecimal digits')
    const artifacts = digests(situation)
    if (artifacts === null) return null
    if (artifacts.some(({ digest }) => digest === expect)) return 'the digest is the one that was named'
    const found = listed(
      artifacts.map(({ digest }) => shortDigest(digest)),
      5,
    )
    return failed('The tag stands for another image than the one that was named.', found, shortDigest(expect))
  },
}

function planned(expect: string, situation: Situation): Refusal | string | null {
  const { planHash } = situation.records
  if (planHash === null) return null
  if (expectedPlan(planHash) === expect) return 'it is the plan that was shown'
  const images = (digests(situation) ?? []).map(({ digest }) => shortDigest(digest))
  const found = `${listed(images, 5)} for the commit ${shortCommit(judged(situation) ?? '')}`
  return failed('Something has changed since it was shown: an image, the commit, the settings or the configuration.', found, 'what was shown then')
}

const failed = (sentence: string, found: string, wanted: string): Refusal =>
  new Refusal('EXPECTATION_FAILED', { sentence, found, wanted, next: 'Look at what has changed since, then ask again.' })
