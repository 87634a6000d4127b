import { atLeast, isProgram, partyName } from '../deploy/environment.ts'
import type { EnvironmentRules, Party } from '../deploy/environment.ts'
import { listed, visible } from '../deploy/wording.ts'
import { atLeastSo, demand, described, fields, looser, span, stricter } from './comparison.ts'
import type { Comparison } from './comparison.ts'

/** Who may deploy and who may approve, before and after. */

type Approvals = NonNullable<EnvironmentRules['approvals']>

/** Whole: who is let in must not depend on how many are named beside them. */
export const names = (parties: readonly Party[]): string =>
  listed(
    parties.map((party) => visible(partyName(party))),
    Infinity,
  )

export const people = (parties: readonly Party[]): readonly Party[] => parties.filter((party) => !isProgram(party))

/** As the gates read it: a login in any case is the same one. */
const identity = (party: Party): string => (party.kind === 'user' ? partyName(party).toLowerCase() : partyName(party))

function without<T>(all: readonly T[], others: readonly T[], key: (one: T) => string): T[] {
  const known = new Set(others.map(key))
  return all.filter((one) => !known.has(key(one)))
}

/** Which people of those with the role. Nobody named is everybody; a list of programs alone is nobody. */
export const parties =
  (verb: string, role: string): Comparison<readonly Party[]> =>
  (before, after) => {
    const [was, is] = [people(before), people(after)]
    if (before.length === 0 && after.length > 0) return [stricter(`${onlyThese(is, `may ${verb}`)}; anybody with ${role} could`)]
    if (before.length > 0 && after.length === 0) return [looser(`anybody with ${role} may ${verb}; ${onlyThese(was, 'could')}`)]
    const [gone, come] = [without(was, is, identity), without(is, was, identity)]
    return [
      ...(come.length > 0 ? [looser(`${names(come)} may ${verb}${was.length > 0 ? ', too' : ''}`)] : []),
      ...(gone.length > 0 ? [stricter(`${names(gone)} may no longer ${verb}`)] : []),
    ]
  }

const onlyThese = (people: readonly Party[], may: string): string =>
  people.length === 0 ? `nobody ${may} by their role` : `only ${names(people)} ${may}`

/** A program has no role: it is let in by being named, even by a list that keeps people out. */
export const programsLetIn: Comparison<readonly Party[]> = (before, after) => {
  const [was, is] = [before.filter(isProgram), after.filter(isProgram)]
  const [gone, come] = [without(was, is, identity), without(is, was, identity)]
  return [
    ...(come.length > 0 ? [looser(`${names(come)} may deploy without a role`)] : []),
    ...(gone.length > 0 ? [stricter(`${names(gone)} may no longer deploy without a role`)] : []),
  ]
}

const peopleLetIn = parties('deploy', 'the role')

export const role: Comparison<EnvironmentRules['allow']['role']> = (before, after) => {
  if (before === after) return []
  return atLeast(after, before)
    ? [stricter(`deploying needs the role ${after}; ${before} was enough`)]
    : [looser(`the role ${after} is enough to deploy; it was ${before}`)]
}

export const allow = fields<EnvironmentRules['allow']>({
  role,
  any: (before, after) => [...programsLetIn(before, after), ...peopleLetIn(before, after)],
})

const SECOND_PERSONS: Readonly<Record<Approvals['not'][number], string>> = {
  requester: 'whoever asked',
  author: 'the author of the pull request',
  pusher: 'whoever pushed',
}
type SecondPerson = keyof typeof SECOND_PERSONS

/** Whoever is kept from approving unless the file says otherwise, and is not here. */
const alsoBy = ({ not }: Approvals): string => {
  const own = without(Object.keys(SECOND_PERSONS) as SecondPerson[], not, String).map((one) => SECOND_PERSONS[one])
  return own.length === 0 ? '' : ` (even ${own.join(' or ')})`
}

/** No program has a say here, also where the list names it. */
const approvers = ({ by }: Approvals): string => {
  if (by.length === 0) return 'anybody with the role write'
  return people(by).length === 0 ? 'nobody' : names(people(by))
}

const approvalsBy = (rule: Approvals): string => `${rule.count === 1 ? '1 approval' : `${rule.count} approvals`} by ${approvers(rule)}${alsoBy(rule)}`

export const approvalsNeeded = (rule: Approvals): string => `${approvalsBy(rule)} ${rule.count === 1 ? 'is' : 'are'} needed`

export const approvals = demand<Approvals>(
  {
    comes: (rule) => `${approvalsNeeded(rule)}; none was`,
    goes: (rule) => `no approval is needed; it was ${approvalsBy(rule)}`,
  },
  {
    count: atLeastSo((count) => `the number of approvals needed is ${count}`),
    by: parties('approve', 'the role write'),
    not: (before, after) => [
      ...without(before, after, String).map((one) => looser(`${SECOND_PERSONS[one]} may approve`)),
      ...without(after, before, String).map((one) => stricter(`${SECOND_PERSONS[one]} may no longer approve`)),
    ],
    expire: described((time) => `approvals are waited for ${time}`, span),
  },
)
