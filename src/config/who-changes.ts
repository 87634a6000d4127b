import { atLeast, partyName } from '../deploy/environment.ts'
import type { EnvironmentRules, Party } from '../deploy/environment.ts'
import { canonical } from '../deploy/plan.ts'
import type { Json } from '../deploy/target.ts'
import { listed, visible } from '../deploy/wording.ts'
import { atLeastSo, demand, described, fields, looser, span, stricter } from './comparison.ts'
import type { Comparison } from './comparison.ts'

/** Who may deploy and who may approve, before and after. */

type Approvals = NonNullable<EnvironmentRules['approvals']>

export const names = (parties: readonly Party[]): string => listed(parties.map((party) => visible(partyName(party))))

function without<T extends Json>(all: readonly T[], others: readonly T[]): T[] {
  const known = new Set(others.map(canonical))
  return all.filter((one) => !known.has(canonical(one)))
}

/** Who of those with the role: nobody named is everybody. */
export const parties =
  (verb: string): Comparison<readonly Party[]> =>
  (before, after) => {
    const [gone, come] = [without(before, after), without(after, before)]
    if (before.length === 0 && after.length > 0) return [stricter(`only ${names(after)} may ${verb}; anybody with the role could`)]
    if (before.length > 0 && after.length === 0) return [looser(`anybody with the role may ${verb}; only ${names(before)} could`)]
    return [
      ...(come.length > 0 ? [looser(`${names(come)} may ${verb}, too`)] : []),
      ...(gone.length > 0 ? [stricter(`${names(gone)} may no longer ${verb}`)] : []),
    ]
  }

/** An App has no role: it is let in by being named, even by a list that keeps people out. */
const deployers: Comparison<readonly Party[]> = (before, after) => {
  const people = parties('deploy')(before, after)
  if (before.length > 0 && after.length > 0) return people
  const apps = (list: readonly Party[]): Party[] => list.filter(({ kind }) => kind === 'app')
  const [gone, come] = [apps(before), apps(after)]
  return [
    ...people,
    ...(come.length > 0 ? [looser(`${names(come)} may deploy without a role`)] : []),
    ...(gone.length > 0 ? [stricter(`${names(gone)} may no longer deploy without a role`)] : []),
  ]
}

export const role: Comparison<EnvironmentRules['allow']['role']> = (before, after) => {
  if (before === after) return []
  return atLeast(after, before)
    ? [stricter(`deploying needs the role ${after}; ${before} was enough`)]
    : [looser(`the role ${after} is enough to deploy; it was ${before}`)]
}

export const allow = fields<EnvironmentRules['allow']>({ role, any: deployers })

const approvalsBy = ({ count, by }: Approvals): string =>
  `${count === 1 ? '1 approval' : `${count} approvals`} by ${by.length === 0 ? 'anybody with the role write' : names(by)}`

const SECOND_PERSONS: Readonly<Record<Approvals['not'][number], string>> = {
  requester: 'whoever asked',
  author: 'the author of the pull request',
  pusher: 'whoever pushed',
}

export const approvals = demand<Approvals>(
  {
    comes: (rule) => `${approvalsBy(rule)} ${rule.count === 1 ? 'is' : 'are'} needed; none was`,
    goes: (rule) => `no approval is needed; it was ${approvalsBy(rule)}`,
  },
  {
    count: atLeastSo((count) => `the number of approvals needed is ${count}`),
    by: parties('approve'),
    not: (before, after) => [
      ...without(before, after).map((one) => looser(`${SECOND_PERSONS[one]} may approve`)),
      ...without(after, before).map((one) => stricter(`${SECOND_PERSONS[one]} may no longer approve`)),
    ],
    expire: described((time) => `approvals are waited for ${time}`, span),
  },
)
