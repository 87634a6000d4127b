import { API_TOKEN, type ApiToken, type ApiTokens } from '../../deploy/api-token.ts'
import type { Clock } from '../../deploy/clock.ts'
import type { Limits } from '../../deploy/limits.ts'
import type { Caller, Proof } from '../caller.ts'
import { guesserAt, paced } from '../pace.ts'
import { unauthenticated } from '../problems.ts'

/** A program with an API token that an administrator of an account made for it. */
export const tokenProof = (tokens: ApiTokens, { clock, limits }: { readonly clock: Clock; readonly limits: Limits }): Proof => ({
  form: API_TOKEN,
  async identify(secret, address) {
    const found = await tokens.find(secret, clock.now())
    if (found === null && address !== null) await paced(limits, 'guess', guesserAt(address))
    // Wrong, over and revoked are one: whoever guesses learns nothing.
    if (found === null) throw unauthenticated('an API token that is not valid, or not any more')
    return callerOf(found)
  },
})

const callerOf = ({ id, name, account, repositories, environments, actions, madeBy }: ApiToken): Caller => ({
  ...{ key: `t${id}`, countedBy: `t${id}` },
  actor: { ...madeBy, app: null, program: { kind: 'token', id, name, environments } },
  actions,
  ...(actions.includes('configure') && { configures: account }),
  sees: (repository) => repository.account === account && (repositories?.some(({ id: its }) => its === repository.id) ?? true),
})
