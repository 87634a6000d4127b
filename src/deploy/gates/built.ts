import { Refusal } from '../../errors.ts'
import { proofDemanded } from '../environment.ts'
import type { Facts } from '../source.ts'
import { judged, type Gate, type Situation } from './gate.ts'
import { shortCommit } from '../wording.ts'

/**
 * The images were built from the commit that the other gates judge: by their label `org.opencontainers.image.revision` (`claimed`), or by
 * a signed attestation (`proved`). Where checks, reviews or a signature are required and no rule binds image and commit, the claim is
 * asked for all the same: green checks of a commit say nothing of an image of another one.
 */
export const built: Gate = {
  name: 'built from',
  skippedBy: ['rollback'],
  judge: (situation) => {
    const { proposal, plan, facts, records } = situation
    const how = proposal === null ? null : proofDemanded(proposal.rules)
    if (how === null || proposal === null || records.planHash === null) return null
    const commits: { readonly [artifact: string]: string | null } = how === 'claimed' ? records.built : records.proved
    const isKnown = (name: string): boolean => Object.hasOwn(commits, name)
    const artifacts = (plan ?? proposal).artifacts
    // A dry run asks for no attestation.
    if (plan === null && !artifacts.some(({ name }) => isKnown(name))) return null
    let isOtherCommit = false
    for (const { name } of artifacts) {
      const from = isKnown(name) ? (commits[name]?.toLowerCase() ?? null) : null
      if (from === null) return unknown(name, how, proposal.rules.verify.attestation !== null)
      if (from === judged(situation)) continue
      if (facts === null) return null
      if (!hasSameFiles(from, situation, facts)) return other(name, from, situation)
      isOtherCommit = true
    }
    const says = how === 'claimed' ? 'its label says' : 'a signed attestation proves'
    return isOtherCommit
      ? `built, as ${says}, from a commit with exactly the same files (before a squash or rebase)`
      : `built from this commit, as ${says}`
  },
}

function hasSameFiles(from: string, situation: Situation, { trees, commit }: Facts): boolean {
  const tree = trees.get(from)
  return tree !== undefined && commit !== null && commit.sha === judged(situation) && commit.tree === tree
}

const unknown = (name: string, how: 'claimed' | 'proved', isWitnessNamed: boolean): Refusal =>
  new Refusal('IMAGE_COMMIT_UNKNOWN', {
    sentence: `Nothing ${how === 'claimed' ? 'says' : 'proves'} which commit the image ${name} was built from.`,
    found: how === 'claimed' ? 'no label org.opencontainers.image.revision' : 'no signed attestation',
    wanted: 'the commit that is deployed',
    next: how === 'claimed' ? LABEL : isWitnessNamed ? ATTEST : NAME,
  })

const LABEL = 'Set the label org.opencontainers.image.revision where the image is built (docker/metadata-action does), and build it again.'
const ATTEST = 'Attest the image where it is built (actions/attest-build-provenance does), and build it again.'
/** The account's defaults ask for proof, and cannot know whose. */
const NAME = 'Name the workflow that attests the image under verify.attestation in .github/deploy.yml.'

const other = (name: string, from: string, situation: Situation): Refusal =>
  new Refusal('IMAGE_COMMIT_OTHER', {
    sentence: `The image ${name} was built from another commit than the one that is judged.`,
    found: shortCommit(from),
    wanted: `${shortCommit(judged(situation) ?? '')}, or a commit with exactly the same files`,
    next: 'Build the image from this commit, or deploy the commit that it was built from.',
  })
