import fc from 'fast-check'
import type { Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { gfm } from 'micromark-extension-gfm'
import { describe, expect, test } from 'vitest'
import { checkTitle, deploymentComment, statusDescription } from '../../../src/bot/comments.ts'
import { project } from '../../../src/bot/projection.ts'
import { NOTHING_ASKED, type Deployment, type Origin, type State, type Step, type StepName } from '../../../src/deploy/deployment.ts'
import type { Plan } from '../../../src/deploy/plan.ts'
import { duration, headline, steps } from '../../../src/deploy/words.ts'
import { CODES, problem, type Code } from '../../../src/errors.ts'
import { DIGEST, LINKS } from './desk.ts'

const START = Date.UTC(2026, 10, 23, 12)
const ORDER: readonly StepName[] = ['gates', 'resolve', 'verify', 'queue', 'apply', 'observe']
const NOTES: Partial<Record<StepName, string>> = { resolve: 'credential ghcr', verify: 'can be pulled for linux/amd64' }

const stepsUntil = (count: number, outcome: Step['outcome']): readonly Step[] =>
  ORDER.slice(0, count).map((name, index) => {
    const isLast = index === count - 1
    const startedAt = START + index * 1_400
    return {
      ...{ name, startedAt, endedAt: isLast && outcome === 'running' ? null : startedAt + 1_400 },
      ...{ outcome: isLast ? outcome : 'done', note: isLast && outcome === 'running' ? null : (NOTES[name] ?? null) },
    }
  })

const WAITING = stepsUntil(4, 'running').map((step): Step => (step.endedAt === null ? { ...step, name: 'wait' } : step))

const deployment = (state: State, more: Partial<Deployment> = {}): Deployment => ({
  ...{ id: 'k-0123', sequence: 1, state, environment: '1:shop:staging', fence: null, log: [], problem: null, alreadyRunning: false, isQuiet: false },
  ...{ planHash: null, rules: null, wait: null, verdicts: [], built: {}, proved: {}, approvals: [], cancellation: null },
  request: {
    ...{ key: 'c:1:2:1', door: 'comment', headSeen: null, askedAt: START, receivedAt: START },
    repository: { id: 1, node: 'R_1', owner: 'acme', name: 'shop', installation: 2 },
    subject: { number: 3, node: 'PR_1', isPull: true },
    actor: { id: 9, login: 'ada', app: null },
    comment: { id: 2, node: 'IC_1', body: '/deploy', url: 'https://github.com/acme/shop/pull/3#issuecomment-2' },
    asks: { ...NOTHING_ASKED, environment: 'staging' },
  },
  plan: {
    ...{
      repositoryId: 1,
      app: 'shop',
      environment: 'staging',
      target: 'site',
      targetRevision: '1',
      settings: {},
      parameters: {},
      source: null,
      configuration: 'b',
    },
    ...{ commit: '4ef78d9'.padEnd(40, '0'), url: 'https://staging.example.com' },
    artifacts: [{ name: 'main', repository: 'ghcr.io/acme/shop', tag: '1.2', digest: DIGEST }],
  },
  ...{ steps: stepsUntil(3, 'running'), createdAt: START, endedAt: null },
  ...more,
})

const why = (code: Code = 'TARGET_UNHEALTHY') =>
  problem(code, {
    sentence: 'The new image does not become healthy, so the old one was put back.',
    found: 'shop: 502 from /healthz',
    wanted: 'healthy within 90 seconds',
    next: 'Look at the log below, then deploy an image that stays healthy.',
  })
const ended = (count: number, more: Partial<Deployment> = {}): Partial<Deployment> => ({
  steps: stepsUntil(count, 'failed'),
  endedAt: START + 8_400,
  ...more,
})

const asking = (origin: Origin): Partial<Deployment> => {
  const { request } = deployment('success')
  return { request: { ...request, asks: { ...request.asks, origin } }, steps: stepsUntil(6, 'done'), endedAt: START + 8_400 }
}

const CASES: readonly [string, Deployment][] = [
  ['finding the image', deployment('resolving', { steps: stepsUntil(2, 'running') })],
  ['verifying', deployment('verifying')],
  ['waiting for its turn', deployment('queued', { steps: stepsUntil(4, 'running') })],
  ['applying', deployment('applying', { steps: stepsUntil(5, 'running') })],
  ['observing', deployment('observing', { steps: stepsUntil(6, 'running') })],
  ['success', deployment('success', { steps: stepsUntil(6, 'done'), endedAt: START + 8_400 })],
  ['already there', deployment('success', { steps: stepsUntil(5, 'done'), endedAt: START + 7_000, alreadyRunning: true })],
  ['failure', deployment('failure', ended(5, { problem: why(), log: ['starting', 'listening on :8080', 'health: 502'] }))],
  ['refused before a plan', deployment('refused', ended(1, { plan: null, environment: null, problem: why('PERMISSION_REQUIRED') }))],
  [
    'superseded',
    deployment(
      'superseded',
      ended(4, {
        problem: problem('SUPERSEDED', { sentence: 'A newer deployment has succeeded here meanwhile.', next: 'Nothing: the newer one runs.' }),
      }),
    ),
  ],
  ['unknown', deployment('unknown', ended(5, { problem: why('TARGET_MOVED') }))],
  [
    'waiting for an approval',
    deployment('waiting', {
      ...{ steps: WAITING, planHash: 'hash' },
      wait: { reason: 'approval', sentence: 'An approval by one of team:acme/leads is missing.', until: START + 14_400_000, lookAt: START },
    }),
  ],
  [
    'waiting for checks',
    deployment('waiting', {
      steps: WAITING,
      wait: { reason: 'checks', sentence: '2 checks still run.', until: START + 1_800_000, lookAt: START },
    }),
  ],
  ['cancelled by whoever asked', deployment('cancelled', ended(4, { cancellation: { key: 'c:1:9:1', by: { id: 9, login: 'ada' }, at: START } }))],
  ['cancelled by somebody else', deployment('cancelled', ended(4, { cancellation: { key: 'c:1:9:1', by: { id: 8, login: 'grace' }, at: START } }))],
  ['promoted', deployment('success', asking({ kind: 'promote', from: 'testing' }))],
  ['tried again', deployment('applying', asking({ kind: 'retry', of: 'k-0001' }))],
  [
    'rules set aside',
    deployment('success', {
      ...asking({ kind: 'rollback', to: null }),
      verdicts: [
        { gate: 'person', outcome: 'passed', sentence: 'ada has the role write' },
        { gate: 'approvals', outcome: 'skipped', sentence: 'not asked: a rollback repeats a plan that has passed it before' },
      ],
    }),
  ],
]

describe('what the comment says', () => {
  test.each(CASES)('%s', (_, one) => {
    expect(deploymentComment(one, LINKS)).toMatchSnapshot()
  })

  test.each(CASES)('its title and its status, %s', (_, one) => {
    expect([checkTitle(one), statusDescription(one)]).toMatchSnapshot()
  })

  test('every code has its link', () => {
    for (const code of Object.keys(CODES) as Code[]) {
      expect(deploymentComment(deployment('failure', ended(2, { problem: why(code) })), LINKS)).toContain(`/troubleshooting#${code.toLowerCase()}>)`)
    }
  })

  test('a mention is made of failures and of what needs somebody, and once', () => {
    const mentions = CASES.map(([name, one]) => [name, deploymentComment(one, LINKS).split('@ada').length - 1] as const)
    expect(mentions.filter(([, count]) => count > 0)).toEqual([
      ['failure', 1],
      ['unknown', 1],
      ['waiting for an approval', 1],
    ])
  })

  test.each([
    ['approval', 'Waiting for an approval'],
    ['checks', 'Waiting for checks'],
    ['image', 'Waiting for the image'],
    ['freeze', 'Waiting for the end of a freeze'],
    ['soak', 'Waiting until it has been healthy elsewhere for long enough'],
  ] as const)('what waits for %s looks like waiting, in the step as in the first line', (reason, word) => {
    const wait = { reason, sentence: 'x', until: START, lookAt: START }
    const waiting = deployment('waiting', { steps: WAITING, wait })
    expect(steps(waiting).map(({ mark }) => mark)).toEqual(['done', 'done', 'done', 'waiting'])
    expect([headline(waiting).mark, steps(waiting).at(-1)?.word]).toEqual(['waiting', word])
    // What is over waits for nothing any more.
    const over = WAITING.map((step): Step => (step.endedAt === null ? { ...step, outcome: 'done', endedAt: START + 9_000 } : step))
    expect(steps(deployment('queued', { steps: over, wait: null })).at(-1)).toMatchObject({ mark: 'done', word: 'Waited' })
  })

  test('a rollback says from what to what, by whatever tells the two apart', () => {
    const rolledBack = deployment('success', asking({ kind: 'rollback', to: null }))
    const former = (tag: string | null): Plan => ({
      ...(rolledBack.plan as Plan),
      artifacts: [{ name: 'main', repository: 'ghcr.io/acme/shop', tag, digest: `sha256:${'f'.repeat(64)}` }],
    })
    const first = (plan: Plan | null): string => deploymentComment(rolledBack, LINKS, plan).split(' (')[0] ?? ''
    expect([first(former('1.3')), first(former('1.2')), first(former(null)), first(null)]).toMatchInlineSnapshot(`
      [
        "✅ **ada** rolled **\`staging\`** back from \`shop:1.3\` to \`ghcr.io/acme/shop:1.2\`",
        "✅ **ada** rolled **\`staging\`** back from \`shop@sha256:ffffffffffff\` to \`ghcr.io/acme/shop:1.2\`",
        "✅ **ada** rolled **\`staging\`** back from \`shop@sha256:ffffffffffff\` to \`ghcr.io/acme/shop:1.2\`",
        "✅ **ada** rolled **\`staging\`** back to \`ghcr.io/acme/shop:1.2\`",
      ]
    `)
  })
})

describe('whatever names and messages hold', () => {
  const nasty = fc.oneof(
    fc.constantFrom(
      '@acme/team',
      '</details>',
      '<!-- gantry:deployment x -->',
      '-->',
      '![x](http://canary.example)',
      '`',
      '```',
      '#1',
      '\u202E',
      'a\nb',
      '| x |',
      'x'.repeat(70_000),
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  const record = fc
    .record({
      login: nasty,
      tag: nasty,
      repository: nasty,
      environment: nasty,
      sentence: nasty,
      found: nasty,
      next: nasty,
      note: nasty,
      line: nasty,
      url: nasty,
      index: fc.nat(CASES.length - 1),
    })
    .map(({ login, tag, repository, environment, sentence, found, next, note, line, url, index }): Deployment => {
      const base = (CASES[index] as (typeof CASES)[number])[1]
      return {
        ...base,
        request: { ...base.request, actor: { id: 1, login, app: null }, asks: { ...base.request.asks, environment } },
        plan: base.plan && {
          ...base.plan,
          environment,
          url,
          artifacts: Array.from({ length: 30 }, () => ({ name: 'main', repository, tag, digest: DIGEST })),
        },
        problem: base.problem && { ...base.problem, sentence, found, wanted: found, next },
        wait: base.wait && { ...base.wait, sentence },
        verdicts: base.verdicts.map((verdict) => ({ ...verdict, sentence })),
        cancellation: base.cancellation && { ...base.cancellation, by: { id: 1, login } },
        steps: base.steps.map((step) => ({ ...step, note })),
        log: Array.from({ length: 200 }, () => line),
      }
    })

  const all = (node: Nodes): readonly Nodes[] => [node, ...('children' in node ? node.children.flatMap(all) : [])]
  const nodesOf = (markdown: string) => all(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }))
  /** What GitHub makes of it holds nothing but our own template. */
  function isOurs(markdown: string): void {
    const nodes = nodesOf(markdown)
    const known = ['root', 'paragraph', 'text', 'strong', 'inlineCode', 'list', 'listItem', 'link', 'code', 'html']
    expect([...new Set(nodes.map(({ type }) => type))].filter((type) => !known.includes(type))).toEqual([])
    for (const node of nodes) {
      if (node.type === 'html') expect(node.value).toMatch(OURS)
      if (node.type === 'text') expect(node.value.replace(/@[A-Za-z0-9_-]+,/, '')).not.toMatch(/@|https?:|www\.|#\d/)
      if (node.type === 'link') expect(node.url).toMatch(/^https?:/)
    }
  }
  const OURS =
    /^(?:<details>\n<summary>(?:Log|Last \d+ of \d+ log lines|1 rule was not asked, 1 as always)<\/summary>|<\/details>|<!-- gantry:deployment k-0123 -->)$/

  test('the comment has our own links, HTML and mentions in it and nobody else’s, and its marker', () => {
    fc.assert(
      fc.property(record, (one) => {
        const markdown = deploymentComment(one, LINKS)
        expect(markdown.length).toBeLessThanOrEqual(65_536)
        expect(markdown.endsWith('\n<!-- gantry:deployment k-0123 -->')).toBe(true)
        isOurs(markdown)
      }),
      { numRuns: 400 },
    )
  })

  test('neither has the check run, which notifies nobody at all', async () => {
    await fc.assert(
      fc.asyncProperty(record, async (one) => {
        const { surfaces } = await project(one, LINKS)
        const output = (surfaces.get('check')?.input['output'] ?? { summary: '' }) as { summary: string; text?: string }
        isOurs(output.summary)
        isOurs(output.text ?? '')
        const words = nodesOf(output.summary).flatMap((node) => (node.type === 'text' ? [node.value] : []))
        expect(words.join(' ')).not.toContain('@')
      }),
      { numRuns: 200 },
    )
  })

  test('titles, descriptions and addresses are plain: one line that can be seen, and http or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(record, async (one) => {
        const { surfaces } = await project(one, LINKS)
        const title = (surfaces.get('check')?.input['output'] as { title: string } | undefined)?.title ?? ''
        const status = (surfaces.get('deployment')?.input ?? {}) as { description?: string; environmentUrl?: string }
        for (const text of [title, status.description ?? '']) expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        expect(status.environmentUrl ?? 'https://nothing.example').toMatch(/^https?:\/\/\S+$/)
      }),
      { numRuns: 200 },
    )
  })

  test('what has a limit at GitHub keeps it', async () => {
    await fc.assert(
      fc.asyncProperty(record, async (one) => {
        const { surfaces } = await project(one, LINKS)
        const status = surfaces.get('deployment')?.input
        const check = surfaces.get('check')?.input as { output: { title: string; summary: string; text?: string }; name: string } | undefined
        expect(JSON.stringify(status?.['description'] ?? '').length).toBeLessThanOrEqual(300)
        expect(statusDescription(one).length).toBeLessThanOrEqual(140)
        expect(check?.output.summary.length ?? 0).toBeLessThanOrEqual(65_535)
        expect(check?.output.text?.length ?? 0).toBeLessThanOrEqual(65_535)
        expect(check?.output.title.length ?? 0).toBeLessThanOrEqual(200)
      }),
      { numRuns: 100 },
    )
  })
})

test.each([
  [0, '0.0 s'],
  [420, '0.4 s'],
  [960, '1 s'],
  [4_200, '4 s'],
  [72_000, '1 min 12 s'],
  [7_500_000, '2 h 5 min'],
  [14_400_000, '4 h'],
])('%i milliseconds are %s', (ms, words) => {
  expect(duration(ms)).toBe(words)
})

test('a step that is open is an intent: marked as running, without a time', () => {
  expect(steps(deployment('verifying')).at(-1)).toEqual({ mark: 'running', word: 'Checking that the image can be pulled', note: null, took: null })
  expect(headline(deployment('verifying')).mark).toBe('running')
})
