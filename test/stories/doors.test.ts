import { test } from 'vitest'
import { gates } from '../../src/deploy/gates/index.ts'
import { expect, story, type Cast, type Character } from '../story.ts'
import { holds, idIn, tagOf } from '../world/facts.ts'
import type { CheckRun } from '../world/github/state.ts'
import { GANTRY } from '../world/visit.ts'
import { REGISTRY } from '../world/world.ts'

// The same facts give the same state, code and sentence behind every door: one situation for each gate of src/deploy/gates/index.ts, in
// which it refuses, in which it passes, and in which it waits where it can.

/** What is asked for behind a door: the image of the pull request's head, by somebody. */
interface Asked {
  readonly by: Character
  readonly environment: string
  /** The check run of an earlier deployment of the same commit, which failed because the image was not there yet. */
  readonly failed: CheckRun | undefined
  readonly words: Words
}

/** What can be said besides; a label says nothing but the environment. */
interface Words {
  readonly expect?: string
  readonly override?: string
  readonly whenGreen?: true
}

const typed = ({ expect: only, override, whenGreen }: Words): string =>
  [only && ` --expect ${only}`, override && ` --override "${override}"`, whenGreen && ' --when-green'].filter(Boolean).join('')

const headOf = ({ world }: Pick<Cast, 'world'>): string => world.pull.pull?.head ?? ''

const signedIn = new WeakSet<Character>()

/** The page on which it is asked for says beforehand what will be said afterwards; its button is then pressed, or gone round where it is not offered. */
async function asksOnPage({ by, environment, words }: Asked, cast: Cast): Promise<void> {
  const place = { environment, issue: String(cast.world.pull.number), ...(words.whenGreen && { green: '1' }) }
  const path = '/r/acme/shop/deploy'
  if (!signedIn.has(by)) await by.browser.signsIn()
  signedIn.add(by)
  const shown = await by.browser.opens(`${path}?${new URLSearchParams(place).toString()}`)
  const head = headOf(cast)
  const fields = new Map(Object.entries({ ...place, expect: words.expect ?? head, commit: head, form_token: shown.formToken }))
  await by.browser.sends({ method: 'post', action: path, fields })
  foretold.set(cast, shown.says())
}
const foretold = new WeakMap<Cast, string>()

/** A line for each, by its name in `Door`. The button first: once another door has deployed, it is out of date. */
const DOORS: Readonly<Record<string, (asked: Asked, cast: Cast) => Promise<unknown>>> = {
  button: async ({ by, failed }, { world }) => {
    if (failed === undefined) throw new Error('nothing failed before')
    by.person.pressesUnshown('retry', failed)
    await world.settle()
  },
  label: ({ by, environment }) => by.labels(`deploy:${environment}`),
  comment: ({ by, environment, words }) => by.comments(`/deploy ${environment}${typed(words)}`),
  // On a pull request it has to name the head, as a label carries it and a comment is younger than it.
  api: ({ by, environment, words }, cast) =>
    by.calls('POST', '/deploy', { repository: 'acme/shop', environment, issue: cast.world.pull.number, expect: headOf(cast), ...words }),
  page: asksOnPage,
}

interface Situation {
  readonly gate: string
  readonly says: string
  /** Of `staging` unless `environment` says otherwise: the lines of its rules. */
  readonly rules?: string
  readonly environment?: 'staging' | 'production'
  readonly by?: 'ada' | 'trent'
  /** Whoever asked for the earlier deployment has said them, too. */
  readonly words?: Words | ((cast: Cast) => Words)
  /** Before the earlier deployment. */
  readonly begins?: (cast: Cast) => unknown
  /** After the earlier deployment, before any door. */
  readonly facts?: (cast: Cast) => unknown
  /** After each door: what else people say about the deployment of this id. */
  readonly goesOn?: (cast: Cast, id: string) => unknown
  /** The image does not say which commit it was built from. */
  readonly isUnnamed?: true
  /** Doors behind which it cannot be asked like that, and why. */
  readonly except?: Readonly<Record<string, string>>
}

const ONLY_WORDS = 'a label has no words besides the environment'
const NO_OVERRIDE = 'an override is somebody’s own word, and is not repeated by a button'
const A_CHECK = 'require: { checks: [{ name: build, app: github-actions }] }'

const SITUATIONS: readonly Situation[] = [
  { gate: 'person', says: 'refused PERMISSION_REQUIRED', by: 'trent' },
  { gate: 'person', says: 'success' },
  { gate: 'comment', says: 'success' },
  {
    ...{ gate: 'override', says: 'refused OVERRIDE_REFUSED', words: { override: 'it burns' } },
    except: {
      label: ONLY_WORDS,
      button: NO_OVERRIDE,
      page: 'it has no field for an override: whoever sets rules aside says so where everybody reads it',
    },
  },
  { gate: 'pull request', says: 'refused PULL_REQUEST_DRAFT', facts: ({ ada }) => ada.person.marksDraft(1) },
  { gate: 'pull request', says: 'refused PULL_REQUEST_REFUSED', rules: 'from: { pull_requests: false }' },
  { gate: 'pull request', says: 'success', rules: 'from: { pull_requests: true }' },
  { gate: 'branch', says: 'refused BRANCH_REFUSED', rules: 'from: { branches: [release] }' },
  { gate: 'branch', says: 'success', rules: 'from: { branches: [main] }' },
  { gate: 'mergeable', says: 'refused PULL_REQUEST_CONFLICTING', facts: ({ github, world }) => github.mergeable(world.pull, 'CONFLICTING') },
  { gate: 'mergeable', says: 'refused PULL_REQUEST_BEHIND', rules: 'require: { up_to_date: true }' },
  { gate: 'mergeable', says: 'success', facts: ({ github, world }) => github.mergeable(world.pull, 'MERGEABLE') },
  { gate: 'head commit', says: 'success' },
  {
    ...{ gate: 'expectation', says: 'refused EXPECTATION_FAILED', words: { expect: 'b'.repeat(40) } },
    except: { label: ONLY_WORDS, button: 'whoever expects another commit is refused before there is a plan to retry' },
  },
  {
    ...{ gate: 'expectation', says: 'refused EXPECTATION_FAILED', words: { expect: `sha256:${'0'.repeat(64)}` } },
    except: { label: ONLY_WORDS, api: 'on a pull request it has to expect the head' },
  },
  { gate: 'expectation', says: 'success', words: (cast) => ({ expect: headOf(cast) }), except: { label: ONLY_WORDS } },
  { gate: 'signature', says: 'refused COMMIT_UNSIGNED', rules: 'require: { signed: true }' },
  {
    ...{ gate: 'signature', says: 'success', rules: 'require: { signed: true }' },
    begins: ({ ada }) => ada.person.pushes('checkout', { isSigned: true }),
  },
  { gate: 'checks', says: 'refused CHECKS_PENDING', rules: A_CHECK, facts: (cast) => cast.github.checks(headOf(cast), 'build', 'in_progress') },
  { gate: 'checks', says: 'refused CHECKS_FAILED', rules: A_CHECK, facts: (cast) => cast.github.checks(headOf(cast), 'build', 'failure') },
  { gate: 'checks', says: 'success', rules: A_CHECK, facts: (cast) => cast.github.checks(headOf(cast), 'build', 'success') },
  {
    ...{ gate: 'checks', says: 'waiting checks', rules: A_CHECK, words: { whenGreen: true } },
    // Green at first: what waits has not failed, and has no Retry.
    begins: (cast) => cast.github.checks(headOf(cast), 'build', 'success'),
    facts: (cast) => cast.github.checks(headOf(cast), 'build', 'in_progress'),
    except: { label: ONLY_WORDS },
  },
  { gate: 'reviews', says: 'refused REVIEW_REQUIRED', rules: 'require: { reviews: 1 }' },
  { gate: 'reviews', says: 'success', rules: 'require: { reviews: 1 }', facts: ({ grace }) => grace.person.reviews(1, 'approve') },
  {
    ...{ gate: 'bounds of the target', says: 'refused TARGET_NOT_ALLOWED' },
    facts: async ({ world }) => {
      world.operator = world.operator.replaceAll('environments: ["*"]', 'environments: ["another"]')
      await world.dies()
    },
  },
  { gate: 'bounds of the target', says: 'success' },
  { gate: 'lock', says: 'refused LOCKED', facts: ({ world, grace }) => holds(world, grace.person, 'shop/staging', world.pull) },
  { gate: 'lock', says: 'success', facts: ({ world, ada }) => holds(world, ada.person, 'shop/staging', world.pull) },
  { gate: 'freeze', says: 'refused FROZEN', rules: 'freeze: [{ from: "sun 00:00", to: "sat 23:59", zone: UTC }]' },
  { gate: 'freeze', says: 'success', rules: 'freeze: [{ from: "sat 23:58", to: "sat 23:59", zone: UTC }]' },
  { gate: 'order', says: 'refused ORDER_REQUIRED', environment: 'production', rules: 'after: { environment: staging }' },
  {
    ...{ gate: 'order', says: 'waiting soak', environment: 'production', rules: 'after: { environment: staging, healthy_for: 4h }' },
    facts: ({ ada }) => ada.comments('/deploy staging'),
  },
  {
    ...{ gate: 'order', says: 'success', environment: 'production', rules: 'after: { environment: staging }' },
    facts: ({ ada }) => ada.comments('/deploy staging'),
  },
  { gate: 'built from', says: 'refused IMAGE_COMMIT_UNKNOWN', rules: 'verify: { commit: claimed }', isUnnamed: true },
  { gate: 'built from', says: 'success', rules: 'verify: { commit: claimed }' },
  { gate: 'approvals', says: 'waiting approval', rules: 'approvals: { count: 1, not: [requester], expire: 4h }' },
  {
    ...{ gate: 'approvals', says: 'refused APPROVAL_REJECTED', rules: 'approvals: { count: 1, not: [requester], expire: 4h }' },
    goesOn: ({ grace }, id) => grace.comments(`/reject ${id} not today`),
  },
  {
    ...{ gate: 'approvals', says: 'success', rules: 'approvals: { count: 1, not: [requester], expire: 4h }' },
    goesOn: ({ grace }, id) => grace.comments(`/approve ${id}`),
  },
]

/** Gates of which some answers have no situation that every door can be in, and why. */
const APART: Readonly<Record<string, string>> = {
  comment: 'only a comment can be edited or deleted (time-of-check.test.ts)',
  override: 'it passes where somebody says so, which a label and a button cannot (above)',
  'head commit':
    'a push makes a label and a button mean another commit than the head, and a later comment the new one (buttons.test.ts, time-of-check.test.ts)',
  promotion: 'it asks what a repeated plan came from, which a plan that is made now did not; the gates “pull request” and “branch” ask the others',
}

function declare({ github }: Cast, environment: string, rules: string): void {
  const of = (name: string): string => (name === environment && rules !== '' ? `    ${rules}\n` : '')
  github.has(
    '.github/deploy.yml',
    `version: 1
app: shop
images:
  main: { repository: ${REGISTRY}/acme/shop, tag: "sha-{short_sha}" }
environments:
  staging:
    target: site
    settings: { path: /site }
${of('staging')}  production:
    target: engine
    settings: { container: shop }
${of('production')}`,
  )
}

interface Row {
  readonly id: string
  readonly through: string
  readonly state: string
  readonly problem: string | null
  readonly wait: string | null
}

const NEWEST = `select id, state, problem, wait, json_extract(request, '$.door') as through from deployment order by sequence desc limit 1`

/** State, code (or what it waits for) and sentence of the newest deployment. */
function outcome({ world }: Cast): Pick<Row, 'id' | 'through'> & { readonly says: string; readonly sentence: string | null } {
  const [row] = world.disk.all(NEWEST) as unknown as Row[]
  if (row === undefined) throw new Error('nothing was asked for')
  const problem = JSON.parse(row.problem ?? '{}') as { readonly code?: string; readonly sentence?: string }
  const wait = JSON.parse(row.wait ?? '{}') as { readonly reason?: string; readonly sentence?: string }
  const why = problem.code ?? wait.reason
  return {
    id: row.id,
    through: row.through,
    says: `${row.state}${why === undefined ? '' : ` ${why}`}`,
    sentence: problem.sentence ?? wait.sentence ?? null,
  }
}

async function asksEverywhere(cast: Cast, situation: Situation): Promise<void> {
  const { world, ada, bot, registry, time } = cast
  const { environment = 'staging', rules = '', by = 'ada', except = {}, begins, facts, goesOn } = situation
  declare(cast, environment, '')
  await begins?.(cast)
  await time.passes('2 minutes')
  const words = typeof situation.words === 'function' ? situation.words(cast) : (situation.words ?? {})
  const canFail = !('button' in except)
  if (canFail) await ada.comments(`/deploy ${environment}${typed(words)}`)
  const failed = cast.github.repository.checks.find(({ externalId }) => canFail && externalId === idIn(bot.hears()))
  const labels = situation.isUnnamed === true ? {} : { labels: { 'org.opencontainers.image.revision': headOf(cast) } }
  await registry.has(`acme/shop:${tagOf(world)}`, { 'site/index.html': 'one' }, labels)
  declare(cast, environment, rules)
  await facts?.(cast)
  await world.settle()
  const said: Record<string, unknown> = {}
  for (const [door, asks] of Object.entries(DOORS)) {
    if (door in except) continue
    await asks({ by: cast[by], environment, failed, words }, cast)
    const { id, through } = outcome(cast)
    expect(through).toBe(door)
    const { sentence: atOnce } = outcome(cast)
    if (door === 'page' && atOnce !== null && words.expect === undefined) expect(foretold.get(cast)).toContain(atOnce)
    await goesOn?.(cast, id)
    await time.passes('1 minute')
    const { says, sentence } = outcome(cast)
    said[door] = { says, sentence }
    if (says.startsWith('waiting')) await ada.comments(`/cancel ${id}`)
  }
  const [first] = Object.values(said) as { readonly says: string }[]
  expect(first?.says).toBe(situation.says)
  expect(said).toEqual(Object.fromEntries(Object.keys(said).map((door) => [door, first])))
  bot.isHeard()
}

for (const situation of SITUATIONS) {
  const { gate, says, rules, except } = situation
  const without = except === undefined ? '' : `, but for ${Object.keys(except).join(' and ')}`
  story.once(`${gate}: ${says} behind every door${without}${rules === undefined ? '' : ` (${rules})`}`, (cast) => asksEverywhere(cast, situation), {
    timeout: 30_000,
    url: GANTRY,
  })
}

test('every gate has a situation in which it refuses and one in which it passes, or a reason why not', () => {
  const answers = (name: string) => SITUATIONS.filter(({ gate }) => gate === name).map(({ says }) => says.split(' ')[0])
  for (const { name } of gates) {
    if (name in APART) continue
    expect([name, answers(name).includes('refused'), answers(name).includes('success')]).toEqual([name, true, true])
  }
})
