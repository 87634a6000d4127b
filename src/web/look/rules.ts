import { html } from 'hono/html'
import { everyRules, partyName, type EnvironmentRules, type Party, type WeekMoment } from '../../deploy/environment.ts'
import { listed } from '../../deploy/wording.ts'
import { duration } from '../../deploy/words.ts'
import type { Markup } from './parts.ts'

/** What an environment asks for, in sentences: its own rules, and below them what the account's defaults ask for besides. */
export function rulesOf(own: EnvironmentRules): Markup {
  const [first = [], ...others] = everyRules(own).map(sentences)
  const besides = [...new Set(others.flat())].filter((one) => !first.includes(one))
  return html`<ul class="rules">
    ${first.map((one) => html`<li>${one}</li>`)} ${besides.map((one) => html`<li><span class="soft">The account’s defaults:</span> ${one}</li>`)}
  </ul>`
}

const sentences = (rules: EnvironmentRules): readonly string[] =>
  [deployers(rules), approvers(rules), order(rules), required(rules), sources(rules), proof(rules), ...frozen(rules), health(rules)].filter(
    (one) => one !== null,
  )

const MOST_NAMED = 10

const names = (parties: readonly Party[]): string => listed(parties.map(partyName), MOST_NAMED)

const deployers = ({ allow: { role, any } }: EnvironmentRules): string =>
  `Whoever has the role ${role}${any.length === 0 ? '' : ` and is one of ${names(any)}`} may deploy.`

const EXCLUDED = { requester: 'whoever asked for it', author: 'the pull request’s author', pusher: 'whoever pushed last' } as const

function approvers({ approvals }: EnvironmentRules): string | null {
  if (approvals === null) return null
  const { count, by, not, expire } = approvals
  const who = by.length === 0 ? 'of those with the role write' : `of ${names(by)}`
  const excluded = not.length === 0 ? '' : `, but not ${not.map((one) => EXCLUDED[one]).join(', ')},`
  return `${count} ${who}${excluded} must approve within ${duration(expire)}.`
}

const order = ({ after }: EnvironmentRules): string | null =>
  after === null
    ? null
    : `The same images must run in ${after.environment}${after.healthyFor === 0 ? '' : `, healthy for ${duration(after.healthyFor)}`}, first.`

function required({ require: { checks, reviews, upToDate, signed } }: EnvironmentRules): string | null {
  const checked = checks === 'all' ? 'every check is green' : checks === null ? null : `green checks: ${listed(checks.map(({ name }) => name))}`
  const all = [
    checked,
    reviews === 0 ? null : `${reviews} approving ${reviews === 1 ? 'review' : 'reviews'}`,
    upToDate ? 'a branch that is up to date' : null,
    signed ? 'a signed commit' : null,
  ].filter((one) => one !== null)
  return all.length === 0 ? null : `It takes ${all.join(', ')}.`
}

function sources({ from }: EnvironmentRules): string | null {
  const branches = from.branches === null ? null : `from ${listed(from.branches)}`
  const pulls = from.pullRequests ? null : 'not from pull requests'
  const all = [branches, pulls].filter((one) => one !== null)
  return all.length === 0 ? null : `Only ${all.join(', ')}.`
}

const proof = ({ verify: { commit } }: EnvironmentRules): string | null =>
  commit === null ? null : `The image must ${commit === 'proved' ? 'be proved by an attestation' : 'say by its label'} to be built from the commit.`

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const two = (number: number): string => String(number).padStart(2, '0')
const moment = ({ day, minute }: WeekMoment): string => `${DAYS[day] ?? ''} ${two(Math.floor(minute / 60))}:${two(minute % 60)}`

const frozen = ({ freeze }: EnvironmentRules): readonly string[] =>
  freeze.map(({ from, to, zone }) => `Nothing is deployed from ${moment(from)} to ${moment(to)} (${zone}).`)

const health = ({ health: rule }: EnvironmentRules): string | null =>
  rule === null
    ? null
    : `It counts as healthy once ${rule.path} answers ${rule.times === 1 ? '' : `${rule.times} times running `}within ${duration(rule.within)}.`
