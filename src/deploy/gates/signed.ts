import { Refusal } from '../../errors.ts'
import { judgedCommit, type Gate } from './gate.ts'
import { shortCommit } from '../wording.ts'

/** The commit is signed, and GitHub has verified the signature. */
export const signed: Gate = {
  name: 'signature',
  skippedBy: ['rollback'],
  judge: (situation) => {
    const { facts, proposal } = situation
    if (facts === null || proposal === null || !proposal.rules.require.signed) return null
    const commit = judgedCommit({ ...situation, facts })
    if (commit === 'later') return null
    if (commit?.isSigned === true) return 'the commit is signed'
    return new Refusal('COMMIT_UNSIGNED', {
      sentence: commit === null ? 'GitHub does not know the commit, so nothing says that it is signed.' : 'The commit is not signed.',
      found: shortCommit(commit?.sha ?? situation.plan?.commit ?? proposal.commit),
      wanted: 'a commit whose signature GitHub has verified',
      next: 'Sign the commit and push it, then ask again.',
    })
  },
}
