import type { EnvironmentRules, FreezeWindow } from '../deploy/environment.ts'
import { listed, quoted, visible } from '../deploy/wording.ts'
import { atLeastSo, byName, demand, described, different, fields, isSame, looser, span, stricter, texts } from './comparison.ts'
import type { Comparison } from './comparison.ts'
import { allow, approvals } from './who-changes.ts'

/** What changes between two versions of one environment's rules: each rule says for itself which way is looser. */

type Rules = EnvironmentRules
type Rule<Key extends keyof Rules> = NonNullable<Rules[Key]>

/** What may be deployed, if it is true. */
const lets =
  (what: string): Comparison<boolean> =>
  (before, after) =>
    before === after ? [] : [after ? looser(`${what} may be deployed`) : stricter(`${what} may no longer be deployed`)]

/** What has to be so, if it is true. */
const asks =
  (who: string, what: string): Comparison<boolean> =>
  (before, after) =>
    before === after ? [] : [after ? stricter(`${who} has to ${what}`) : looser(`${who} no longer has to ${what}`)]

const branchNames = (patterns: readonly string[]): string => listed(patterns.map(quoted))
const branches: Comparison<readonly string[] | null> = (before, after) => {
  if (isSame(before, after)) return []
  if (before === null) return [stricter(`only ${branchNames(after ?? [])} may be deployed; any branch could`)]
  if (after === null) return [looser(`any branch may be deployed; only ${branchNames(before)} could`)]
  return byName(texts(before), texts(after), {
    comes: (name) => looser(`the branch ${quoted(name)} may be deployed, too`),
    goes: (name) => stricter(`the branch ${quoted(name)} may no longer be deployed`),
  })
}

const from = fields<Rule<'from'>>({
  branches,
  pullRequests: lets('the head of a pull request'),
  forks: lets("the head of a fork's pull request"),
  drafts: lets('a draft'),
})

const NOTHING_BY_ITSELF: Rule<'auto'> = { push: [], checks: false, package: false }

/** What begins by itself needs nobody's permission. */
const auto: Comparison<Rules['auto']> = (before, after) => automatic(before ?? NOTHING_BY_ITSELF, after ?? NOTHING_BY_ITSELF)

const automatic: Comparison<Rule<'auto'>> = (before, after) =>
  fields<Rule<'auto'>>({
    push: (was, is) =>
      byName(texts(was), texts(is), {
        comes: (name) => looser(`a push to ${quoted(name)} is deployed by itself`),
        goes: (name) => stricter(`a push to ${quoted(name)} is no longer deployed by itself`),
      }),
    checks: (was, is) => {
      if (was === is) return []
      // Beside branches it is one more thing to wait for; alone it is what sets the default branch going.
      if ((is ? before : after).push.length > 0)
        return [is ? stricter('what begins by itself waits for green checks') : looser('what begins by itself no longer waits for green checks')]
      return [is ? looser('green checks begin a deployment by themselves') : stricter('green checks no longer begin a deployment by themselves')]
    },
    package: (was, is) => {
      if (was === is) return []
      return [is ? looser('a published image is deployed by itself') : stricter('a published image is no longer deployed by itself')]
    },
  })(before, after)

const health = demand<Rule<'health'>>(
  {
    comes: ({ path }) => `${quoted(path)} has to answer after the switch`,
    goes: ({ path }) => `${quoted(path)} no longer has to answer after the switch`,
  },
  {
    path: described((path) => `${path} has to answer after the switch`, quoted),
    within: (before, after) =>
      before === after ? [] : [(after > before ? looser : stricter)(`health has ${span(after)} to come; it was ${span(before)}`)],
    times: atLeastSo(
      (times) => `health has to be seen ${times}`,
      (times) => (times === 1 ? 'once' : `${times} times`),
    ),
  },
)

const after = demand<Rule<'after'>>(
  {
    comes: ({ environment }) => `what is deployed has to run in ${environment} before`,
    goes: ({ environment }) => `what is deployed no longer has to run in ${environment} before`,
  },
  {
    environment: described((environment) => `what is deployed has to run in ${environment} before`, visible),
    healthyFor: atLeastSo((time) => `it has to have been healthy there for ${time}`, span),
  },
)

type Checks = Rule<'require'>['checks']
type Check = Exclude<Checks, 'all' | null>[number]
const checkName = ({ name, app }: Check): string => `${quoted(name)} of ${app === null ? 'anybody' : visible(app)}`
/** By all of a check, because its name in words may be cut. */
const byIdentity = (checks: readonly Check[]): ReadonlyMap<string, Check> => new Map(checks.map((check) => [JSON.stringify(check), check]))

const checks: Comparison<Checks> = (before, after) => {
  const wanted = (checks: Exclude<Checks, null>): string =>
    checks === 'all' ? 'every check that reports' : `the check ${listed(checks.map(checkName))}`
  if (isSame(before, after)) return []
  if (before === null || after === null)
    return after === null ? [looser(`no check has to be green; it was ${wanted(before ?? 'all')}`)] : [stricter(`${wanted(after)} has to be green`)]
  if (before === 'all' || after === 'all') return [different(`${wanted(after)} has to be green; it was ${wanted(before)}`)]
  return byName(byIdentity(before), byIdentity(after), {
    comes: (_, check) => stricter(`the check ${checkName(check)} has to be green`),
    goes: (_, check) => looser(`the check ${checkName(check)} no longer has to be green`),
  })
}

const require = fields<Rule<'require'>>({
  checks,
  reviews: atLeastSo((count) => `the number of reviews asked for is ${count}`),
  upToDate: asks('a pull request', 'be up to date with its base branch'),
  signed: asks('the commit', 'be signed'),
})

const PROOFS: readonly Rule<'verify'>['commit'][] = [null, 'claimed', 'proved']
const WITNESSES = ['nothing', 'its label', 'an attestation']
const witness = (proof: Rule<'verify'>['commit']): string => WITNESSES[PROOFS.indexOf(proof)] ?? ''

type Attestation = NonNullable<Rule<'verify'>['attestation']>
const attester = ({ workflow, repository, ref }: Attestation): string =>
  `${quoted(workflow)} of ${visible(repository)} for ${ref === null ? 'any ref' : quoted(ref)}`

const verify = fields<Rule<'verify'>>({
  commit: (before, after) => {
    if (before === after) return []
    const way = PROOFS.indexOf(after) > PROOFS.indexOf(before) ? stricter : looser
    return [way(`${witness(after)} has to say which commit an image was built from; it was ${witness(before)}`)]
  },
  attestation: demand<Attestation>(
    {
      comes: (rule) => `an image has to be attested by ${attester(rule)}`,
      goes: (rule) => `an image no longer has to be attested by ${attester(rule)}`,
    },
    {
      repository: described((repository) => `an image has to be attested in ${repository}`, visible),
      workflow: described((workflow) => `an image has to be attested by ${workflow}`, quoted),
      ref: (before, after) => {
        if (before === after) return []
        const way = before === null ? stricter : after === null ? looser : different
        return [
          way(`an attestation for ${after === null ? 'any ref' : quoted(after)} counts; it was for ${before === null ? 'any ref' : quoted(before)}`),
        ]
      },
    },
  ),
})

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const moment = ({ day, minute }: FreezeWindow['from']): string =>
  `${DAYS[day]} ${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
const windows = (freeze: readonly FreezeWindow[]): ReadonlyMap<string, string> =>
  texts(freeze.map(({ from, to, zone }) => `from ${moment(from)} to ${moment(to)} ${visible(zone)}`))

/** Whose values are the target's own, so they are only named: the keys at the top that are not what they were. */
const settings: Comparison<unknown> = (before, after) => {
  const [was, is] = [keyed(before), keyed(after)]
  const keys = [...new Set([...was.keys(), ...is.keys()])].filter((key) => !isSame(was.get(key), is.get(key)))
  return keys.length === 0 ? [] : [different(`the settings change: ${listed(keys.map(visible))}`)]
}
const keyed = (value: unknown): ReadonlyMap<string, unknown> => new Map(Object.entries(value ?? {}))

/** By rule: one that `EnvironmentRules` gets and that stands nowhere here does not compile. */
export const ruleChanges: Comparison<EnvironmentRules> = fields<EnvironmentRules>({
  name: () => [],
  also: () => [],
  target: described((target) => `it is deployed to the target ${target}`, visible),
  settings,
  url: described<Rules['url']>(
    (url) => `its address is ${url}`,
    (url) => (url === null ? 'none' : quoted(url)),
  ),
  allow,
  from,
  auto,
  queue: described((queue) => `the queue is ${queue}`, String),
  health,
  after,
  approvals,
  require,
  verify,
  freeze: (before, after) =>
    byName(windows(before), windows(after), {
      comes: (window) => stricter(`nothing is deployed ${window}`),
      goes: (window) => looser(`there is no freeze ${window} any more`),
    }),
  onFailure: described((what) => `on_failure is ${what}`, String),
  parameters: (before, after) =>
    byName(
      new Map(Object.entries(before)),
      new Map(Object.entries(after)),
      {
        comes: (name) => looser(`people may set the parameter ${name}`),
        goes: (name) => stricter(`people may no longer set the parameter ${name}`),
      },
      (name, was, is) => (isSame(was, is) ? [] : [different(`the parameter ${name} changes`)]),
    ),
})
