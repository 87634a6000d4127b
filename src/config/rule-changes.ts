import { proofDemanded } from '../deploy/environment.ts'
import type { App, EnvironmentRules, FreezeWindow, ImageRule, Parameter } from '../deploy/environment.ts'
import { fillTag } from '../deploy/tag-template.ts'
import { listed, quoted, visible } from '../deploy/wording.ts'
import {
  atLeastSo,
  byName,
  byPattern,
  demand,
  described,
  different,
  EVERYTHING,
  fields,
  isSame,
  looser,
  span,
  stricter,
  texts,
} from './comparison.ts'
import type { Change, Comparison } from './comparison.ts'
import { allow, approvals, approvalsNeeded, programsLetIn, names, people } from './who-changes.ts'

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
const isAny = (patterns: readonly string[]): boolean => patterns.includes(EVERYTHING)
const branches: Comparison<readonly string[] | null> = (before, after) => {
  const [was, is] = [before ?? [EVERYTHING], after ?? [EVERYTHING]]
  if (isAny(was) !== isAny(is)) {
    return isAny(is)
      ? [looser(`any branch may be deployed${was.length > 0 ? `; only ${branchNames(was)} could` : ''}`)]
      : [stricter(`only ${branchNames(is)} may be deployed; any branch could`)]
  }
  return byPattern(was, is, {
    comes: (name) => looser(`the branch ${quoted(name)} may be deployed${was.length > 0 ? ', too' : ''}`),
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

/** With a space, which no pattern holds; and with `**`, because nobody knows here what it is called: only the pattern for everything fits it. */
const DEFAULT_BRANCH = '** default'
const branchName = (pattern: string): string => (pattern === DEFAULT_BRANCH ? 'the default branch' : quoted(pattern))

/** Whose pushes are deployed by themselves: without branches green checks mean the default one. */
const startsOn = ({ push, checks }: Rule<'auto'>): readonly string[] => (push.length === 0 && checks ? [DEFAULT_BRANCH] : push)

/** What begins by itself needs nobody's permission. Compared by what begins, not by the keys that say so. */
const auto: Comparison<Rules['auto']> = (before, after) => automatic(before ?? NOTHING_BY_ITSELF, after ?? NOTHING_BY_ITSELF)

const automatic: Comparison<Rule<'auto'>> = (before, after) => {
  const [was, is] = [startsOn(before), startsOn(after)]
  return [
    ...byPattern(was, is, {
      comes: (name) => looser(`a push to ${branchName(name)} is deployed by itself${after.checks ? ' once its checks are green' : ''}`),
      goes: (name) => stricter(`a push to ${branchName(name)} is no longer deployed by itself`),
    }),
    ...fields<Rule<'auto'>>({
      push: () => [],
      checks: (waited, waits) => {
        if (waited === waits || was.length === 0 || is.length === 0) return []
        return [waits ? stricter('what begins by itself waits for green checks') : looser('what begins by itself no longer waits for green checks')]
      },
      // By image: `published`.
      package: () => [],
    })(before, after),
  ]
}

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
const windowName = ({ from, to, zone }: FreezeWindow): string => `from ${moment(from)} to ${moment(to)} ${visible(zone)}`

const DAY = 24 * 60
const minutes = (from: FreezeWindow['from'], to: FreezeWindow['from']): number =>
  ((to.day - from.day) * DAY + to.minute - from.minute + 7 * DAY) % (7 * DAY)
const isWithin =
  (whole: FreezeWindow) =>
  ({ from, to, zone }: FreezeWindow): boolean =>
    zone === whole.zone && minutes(whole.from, from) + minutes(from, to) <= minutes(whole.from, whole.to)

/** A window that another one holds neither comes nor goes. */
const freeze: Comparison<Rules['freeze']> = (before, after) => {
  const gone = before.filter((window) => !after.some((other) => isWithin(other)(window)))
  const come = after.filter((window) => !before.some((other) => isWithin(other)(window)))
  return [
    ...gone.map((window) => {
      const rest = after.filter(isWithin(window)).map(windowName)
      if (rest.length === 0) return looser(`there is no freeze ${windowName(window)} any more`)
      return looser(`of the freeze ${windowName(window)} only this is left: ${listed(rest)}`)
    }),
    ...come.map((window) => stricter(`nothing is deployed ${windowName(window)}`)),
  ]
}

/** Of settings and of parameters: more than anybody has who does not want to hide one. */
const MOST_NAMES = 50

/** Whose values are the target's own, so they are only named: the keys at the top that are not what they were. */
const settings: Comparison<unknown> = (before, after) => {
  const [was, is] = [keyed(before), keyed(after)]
  const keys = [...new Set([...was.keys(), ...is.keys()])].filter((key) => !isSame(was.get(key), is.get(key)))
  return keys.length === 0 ? [] : [different(`the settings change: ${listed(keys.map(visible), MOST_NAMES)}`)]
}
const keyed = (value: unknown): ReadonlyMap<string, unknown> => new Map(Object.entries(value ?? {}))

/** One change for all of a kind, so that a hundred parameters hide nothing else. */
const parameters: Comparison<Rules['parameters']> = (before, after) => {
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  const both = [...is].flatMap(([name, now]) => {
    const then = was.get(name)
    return then === undefined || isSame(then, now) ? [] : [{ name, isMore: takesMore(then, now), isLess: takesMore(now, then) }]
  })
  const those = (isMeant: (one: (typeof both)[number]) => boolean): string[] => both.filter(isMeant).map(({ name }) => name)
  return [
    ...some(
      [...was.keys()].filter((name) => !is.has(name)),
      (which) => stricter(`people may no longer set ${which}`),
    ),
    ...some(
      [...is.keys()].filter((name) => !was.has(name)),
      (which) => looser(`people may set ${which}`),
    ),
    ...some(
      those(({ isMore }) => isMore),
      (which) => looser(`people may give more values to ${which}`),
    ),
    ...some(
      those(({ isLess }) => isLess),
      (which) => stricter(`people may give fewer values to ${which}`),
    ),
    ...some(
      those(({ isMore, isLess }) => !isMore && !isLess),
      (which, count) => different(count === 1 ? `${which} changes` : `what can be set changes of ${which}`),
    ),
  ]
}

/** Whether people may give it whatever they could before, and something else. */
function takesMore(before: Parameter, after: Parameter): boolean {
  if (after.type === 'string') return before.type !== 'string'
  const isEnum = before.type === 'enum' && after.type === 'enum'
  return isEnum && before.of.every((value) => after.of.includes(value)) && !after.of.every((value) => before.of.includes(value))
}

const some = (names: readonly string[], say: (which: string, count: number) => Change): Change[] =>
  names.length === 0
    ? []
    : [say(names.length === 1 ? `the parameter ${names.join()}` : `${names.length} parameters: ${listed(names, MOST_NAMES)}`, names.length)]

/** What the rules come to: what is in force though no key says so, and what never happens though a key does. */
function inForce(rules: Rules): Rules {
  const { from, verify } = rules
  const { pullRequests } = from
  return {
    ...rules,
    from: { ...from, forks: pullRequests && from.forks, drafts: pullRequests && from.drafts },
    verify: { ...verify, commit: proofDemanded(rules) },
  }
}

const published: Comparison<Ruled> = (before, after) =>
  byName(texts(beginning(before)), texts(beginning(after)), {
    comes: (repository) => looser(`a published image of ${visible(repository)} is deployed by itself`),
    goes: (repository) => stricter(`a published image of ${visible(repository)} is no longer deployed by itself`),
  })

const beginning = ({ rules, images }: Ruled): readonly string[] =>
  rules.auto?.package === true ? [...images.values()].filter((image) => canBegin(image, rules)).map(({ repository }) => repository) : []

/** Whether any published tag of it can be the one of the default branch's head: `startOnPackage`. */
const canBegin = ({ repository, tag }: ImageRule, { verify }: Rules): boolean =>
  repository.startsWith('ghcr.io/') &&
  (tag === null ? verify.commit !== null : typeof fillTag(tag, { sha: '0'.repeat(40), branch: 'main', pr: null }) === 'string')

/** An environment's rules, and the images of its app. */
export interface Ruled {
  readonly rules: Rules
  readonly images: App['images']
}

export const ruleChanges: Comparison<Ruled> = (before, after) => [...byRule(inForce(before.rules), inForce(after.rules)), ...published(before, after)]

const NOTHING_MAY: Rule<'from'> = { branches: [], pullRequests: false, forks: false, drafts: false }

/** What may happen where nothing could before, and what is not demanded there: every rule that a change would be told of. */
export function opened(ruled: Ruled): readonly Change[] {
  const rules = inForce(ruled.rules)
  const { target, allow, approvals, verify } = rules
  const second = approvals === null ? '' : `; ${approvalsNeeded(approvals)}`
  const missing = demands.filter(({ isMade }) => !isMade(rules)).map(({ what }) => what)
  return [
    looser(`a new environment on the target ${target}: ${whoMay(allow)}${second}`),
    ...programsLetIn([], allow.any),
    ...from(NOTHING_MAY, rules.from),
    ...auto(null, rules.auto),
    ...published({ ...ruled, images: new Map() }, ruled),
    ...(verify.attestation === null ? [] : [looser(`an image counts that is attested by ${attester(verify.attestation)}`)]),
    ...parameters({}, rules.parameters),
    ...(missing.length === 0 ? [] : [looser(`not demanded there: ${missing.join(', ')}`)]),
  ]
}

function whoMay({ role, any }: Rules['allow']): string {
  if (any.length === 0) return `anybody with the role ${role} may deploy there`
  return people(any).length === 0
    ? 'nobody may deploy there by their role'
    : `anybody with the role ${role} who is one of ${names(people(any))} may deploy there`
}

const demands: readonly { readonly what: string; readonly isMade: (rules: Rules) => boolean }[] = [
  { what: 'health after the switch', isMade: ({ health }) => health !== null },
  { what: 'another environment before it', isMade: ({ after }) => after !== null },
  { what: 'approvals', isMade: ({ approvals }) => approvals !== null },
  { what: 'green checks', isMade: ({ require }) => require.checks !== null },
  { what: 'reviews', isMade: ({ require }) => require.reviews > 0 },
  { what: 'a pull request that is up to date', isMade: ({ require }) => require.upToDate },
  { what: 'signed commits', isMade: ({ require }) => require.signed },
  { what: 'images built from the commit', isMade: ({ verify }) => verify.commit !== null },
  { what: 'an attestation', isMade: ({ verify }) => verify.attestation !== null },
  { what: 'a freeze', isMade: ({ freeze }) => freeze.length > 0 },
]

/** By rule: one that `EnvironmentRules` gets and that stands nowhere here does not compile. */
const byRule: Comparison<EnvironmentRules> = fields<EnvironmentRules>({
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
  freeze,
  onFailure: described((what) => `on_failure is ${what}`, String),
  parameters,
})
