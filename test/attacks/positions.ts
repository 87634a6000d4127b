import { newId } from '../world/github/state.ts'
import type { Issue } from '../world/github/state.ts'
import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import { asks, changed, comesToRest, event, fate, inWords, keyOf, labelKey, pullRequest } from './asked.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'

const b07: Scenario = {
  id: 'B07',
  tried:
    'a comment edited into a command, one edited by somebody else or there and back before it is read, one deleted at once, a reopened pull request',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada, grace } = github.people
    const expects = async (what: string, text: string, then: (made: ReturnType<typeof ada.comments>) => void, expected: string): Promise<void> => {
      const made = ada.comments(pull, text)
      then(made)
      await grounds.delivers()
      const came = inWords(await fate(grounds, keyOf(grounds, made)))
      checks.that(came === expected, `${what}: ${came}`)
    }
    await expects('edited into a command', 'Looks good', (made) => ada.edits(made, '/deploy staging'), 'nothing')
    await expects(
      'edited by an administrator',
      '/deploy staging',
      (made) => grace.edits(made, '/deploy staging --ref main'),
      'refused COMMENT_CHANGED',
    )
    await expects('taken back', '/deploy staging', (made) => ada.edits(made, 'Not yet.'), 'refused COMMENT_CHANGED')
    const thereAndBack = (made: ReturnType<typeof ada.comments>) => {
      ada.edits(made, 'Hm.')
      ada.edits(made, '/deploy staging')
    }
    await expects('there and back', '/deploy staging', thereAndBack, 'refused COMMENT_CHANGED')
    await expects('deleted at once', '/deploy staging', (made) => ada.deletes(made), 'refused COMMENT_CHANGED')
    ada.closes(pull)
    ada.reopens(pull)
    await grounds.delivers()
    checks.that(grounds.rows('select 1 from deployment').length === 4, 'something else began')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    await checks.isAlive(grounds)
    return checks.finding('nothing began from an edit, and what was changed since was refused')
  }),
}

const FENCE = '```'
/** What looks like a command to a person, to a program, or to nobody. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'a quote': '> /deploy staging',
  'a quote that goes on': '> somebody said\n/deploy staging',
  'a code block': `${FENCE}\n/deploy staging\n${FENCE}`,
  'an open code block': `${FENCE}sh\n/deploy staging`,
  tildes: '~~~\n/deploy staging\n~~~',
  'indented code': 'Do\n\n    /deploy staging',
  'code in a line': '`\n/deploy staging\n`',
  'an HTML comment': '<!--\n/deploy staging\n-->',
  'an HTML comment with a gap': '<!--\n\n/deploy staging\n\n-->',
  'a folded part': '<details>\n\n/deploy staging\n\n</details>',
  'a hidden element': '<div hidden>\n\n/deploy staging\n\n</div>',
  'a list': '- /deploy staging',
  'a list that goes on': '- one\n/deploy staging',
  'a table': '| a |\n| - |\n| /deploy staging |',
  'a heading': '/deploy staging\n===',
  'a link': '[\n/deploy staging\n](https://example.com)',
  'a footnote': '[^1]\n\n[^1]: x\n    /deploy staging',
  'the middle of a line': 'Please /deploy staging',
  'the 8,193rd character': `${'a'.repeat(80)}\n`.repeat(102) + '\n/deploy staging',
  'the 65,000th character': `${'a'.repeat(79)}\n`.repeat(812) + '\n/deploy staging',
  'a full-width slash': '／deploy staging',
  'a division slash': '∕deploy staging',
  'a fraction slash': '⁄deploy staging',
  'a zero-width space before it': '\u200b/deploy staging',
  'a zero-width joiner in it': '/de\u200dploy staging',
  'a word joiner in the environment': '/deploy stag\u2060ing',
  'a right-to-left override': '\u202e/deploy staging',
  'an override after it': '/deploy \u202estaging',
  'a Cyrillic letter': '/dеploy staging',
  'a no-break space': '/deploy\u00a0staging',
  capitals: '/DEPLOY staging',
  'a longer word': '/deployment staging',
  'an escaped slash': '\\/deploy staging',
  'an entity': '&#47;deploy staging',
}

/** Events of other places in which people write. */
const OTHER_EVENTS = ['pull_request_review_comment', 'pull_request_review', 'commit_comment', 'discussion', 'discussion_comment', 'gollum', 'release']

const b09: Scenario = {
  id: 'B09',
  tried: `a command in ${Object.keys(ELSEWHERE).length} places that are none, in ${OTHER_EVENTS.length} other events, and on closed, merged, draft and locked pull requests`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada } = github.people
    for (const [where, text] of Object.entries(ELSEWHERE)) {
      const came = await asks(grounds, ada, text)
      checks.that(came === 'nothing', `${where}: ${came}`)
    }
    const made = ada.comments(pull, '/deploy staging')
    const told = github.webhooks.waiting.splice(0).find(({ event: name }) => name === 'issue_comment')!
    for (const name of OTHER_EVENTS) {
      const status = await grounds.sends(event(grounds, name, told.payload as object))
      checks.that(status === 204 || status === 400, `${name}: ${status}`)
    }
    for (const action of ['edited', 'deleted', 'pinned'])
      await grounds.sends(changed(grounds, told, (body) => body.replace('"action":"created"', `"action":"${action}"`)))
    checks.that(inWords(await fate(grounds, keyOf(grounds, made))) === 'nothing', 'another event started something')
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')

    const closed = await pullRequest(grounds, ada, 'closed')
    ada.closes(closed)
    const merged = await pullRequest(grounds, ada, 'merged')
    // On an issue the branch's head is meant: what was pushed in the very second of the comment would count as later.
    await grounds.ago(5_000, () => ada.merges(merged))
    const draft = await pullRequest(grounds, ada, 'draft')
    ada.marksDraft(draft)
    const places: readonly (readonly [Issue, string])[] = [
      [closed, 'refused PULL_REQUEST_CLOSED'],
      [merged, 'refused PULL_REQUEST_CLOSED'],
      [draft, 'refused PULL_REQUEST_DRAFT'],
    ]
    for (const [on, expected] of places) {
      const came = await asks(grounds, ada, '/deploy staging', on)
      checks.that(came === expected, `${on.title} #${on.number}: ${came}`)
    }
    // GitHub lets only those who may write comment on what is locked.
    const onLocked = ada.comments(pull, '/deploy staging')
    const locked = changed(grounds, github.webhooks.waiting.splice(0).at(-1)!, (body) => body.replace('"locked":false', '"locked":true'))
    await grounds.sends(locked)
    checks.that(inWords(await fate(grounds, keyOf(grounds, onLocked))) === 'success', 'a locked one: it was refused')
    const onIssue = await asks(grounds, ada, '/deploy staging', ada.opensIssue())
    checks.that(onIssue === 'success', `an issue: ${onIssue}`)
    await checks.isAlive(grounds)
    return checks.finding('only plain lines on open pull requests and on issues were commands')
  }),
}

const NAMES = [
  'Staging',
  'STAGING',
  'stаging',
  '__proto__',
  'constructor',
  'toString',
  '../staging',
  'staging/',
  'shop/../staging',
  '"staging "',
  's'.repeat(300),
  '🚀',
  'staging\u0000',
  'stagin',
  '--',
  '"" ',
]

const b20: Scenario = {
  id: 'B20',
  tried: `${NAMES.length} names that are nearly those of an environment, in commands and in labels`,
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada } = github.people
    let count = 0
    const refusals: string[] = []
    for (const name of NAMES) {
      const before = grounds.said().length
      const came = await asks(grounds, ada, `/deploy ${name}`)
      const isDefault = /^"" ?$|^--$/.test(name)
      checks.that(/^(nothing|refused )/.test(came), `/deploy ${name.slice(0, 20)}: ${came}`)
      if (isDefault) continue
      await eventually(() => grounds.said().length > before, 10)
      refusals.push(grounds.said().at(-1)?.body ?? '')
    }
    for (const name of ['Staging', 'stаging', '__proto__', '../staging', 'staging/x', 's'.repeat(92)]) {
      ada.labels(pull, `deploy:${name}`)
      await grounds.delivers()
      await fate(grounds, labelKey(grounds, pull))
      count += 1
    }
    await comesToRest(grounds)
    const states = grounds.rows('select distinct state from deployment').map(({ state }) => state)
    checks.that(
      states.every((state) => state === 'refused'),
      `states ${states.join()}`,
    )
    checks.that(
      refusals.some((text) => /Did you mean .?`?staging/.test(text)),
      'nothing was suggested',
    )
    checks.that(github.repository.deployments.length === 0, 'a deployment was made')
    checks.that((await asks(grounds, ada, '/deploy staging')) === 'success', 'the true name was refused')
    await checks.isAlive(grounds)
    return checks.finding(`${NAMES.length} words and ${count} labels refused or unread, the nearest name suggested`)
  }),
}

/** Applied again as soon as it is off, by whomever; returns in how many different seconds that was. */
async function labelsQuickly(grounds: Grounds, times: number): Promise<number> {
  const { github, pull } = grounds
  const seconds = new Set<number>()
  for (let time = 0; time < times; time++) {
    github.people.ada.labels(pull, 'deploy')
    seconds.add(Math.floor(pull.updatedAt / 1000))
    await grounds.delivers()
    await eventually(() => !pull.labels.has('deploy'), 0.5)
    github.people.ada.unlabels(pull, 'deploy')
  }
  return seconds.size
}

const b21: Scenario = {
  id: 'B21',
  tried:
    'the label five times quickly, five times taken off by hand, at the creation of the pull request, by renaming another one, and with a transferred issue',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { github, pull } = grounds
    const { ada, trent } = github.people
    const count = () => grounds.rows('select 1 from deployment').length
    // GitHub's times are whole seconds, so a second application in the same one cannot be told from a replay.
    const seconds = await labelsQuickly(grounds, 5)
    await comesToRest(grounds)
    const quick = count()
    checks.that(quick === seconds, `five applications in ${seconds} seconds became ${quick} deployments`)
    for (let time = 0; time < 5; time++) {
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      ada.labels(pull, 'deploy')
      ada.unlabels(pull, 'deploy')
      await grounds.delivers()
      await comesToRest(grounds)
    }
    checks.that(count() === quick + 5, `five applications a second apart became ${count() - quick} deployments`)
    checks.that(grounds.rows(`select 1 from deployment where state <> 'success' and state <> 'superseded'`).length === 0, 'one was refused')
    const before = count()
    // Renaming gives every issue that has it the new name, and is told as `label`, not as an application.
    const told = github.webhooks.last('pull_request').payload as { readonly label?: object }
    const renamed = { ...told, action: 'edited', label: { id: newId(github.state), name: 'deploy' }, changes: { name: { from: 'wontfix' } } }
    const issue = ada.opensIssue()
    for (const [name, payload] of [
      ['label', renamed],
      ['issues', { ...told, action: 'transferred', issue: { number: issue.number, node_id: issue.node, labels: [{ name: 'deploy' }] } }],
      ['pull_request', { ...told, action: 'opened' }],
      ['pull_request', { ...told, action: 'unlabeled' }],
      ['pull_request', { ...told, action: 'edited' }],
    ] as const)
      checks.that((await grounds.sends(event(grounds, name, payload))) < 300, `${name} was refused`)
    await comesToRest(grounds)
    checks.that(count() === before, 'something that is no application began something')
    // Labels that are chosen with a new pull request come as applications of their own, of whoever opened it.
    const fresh = await pullRequest(grounds, ada, 'fresh')
    trent.labels(fresh, 'deploy')
    await grounds.delivers()
    await comesToRest(grounds)
    checks.that(grounds.rows(`select 1 from deployment where state = 'refused'`).length === 1, 'who may not deploy was not refused')
    await checks.isAlive(grounds)
    return checks.finding(`one for each application a second apart; five in ${seconds} seconds were ${quick}; renamed, transferred and opened none`)
  }),
}

export const positions: readonly Scenario[] = [b07, b09, b20, b21]
