import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Deployment, Lock } from '../../../src/deploy/deployment.ts'
import type { Party } from '../../../src/deploy/environment.ts'
import type { Notice } from '../../../src/deploy/notice.ts'
import type { Rehearsal } from '../../../src/deploy/rehearsal.ts'
import type { Standing } from '../../../src/deploy/wishes.ts'
import { problem } from '../../../src/errors.ts'
import { facts, lockOn, NOON, rules } from '../deploy/situation.ts'
import { Desk, DIGEST } from './desk.ts'

const OTHER = `sha256:${'f'.repeat(64)}` as const

describe('what people wish, and how it is answered', () => {
  let desk: Desk
  beforeEach(async () => {
    desk = new Desk()
    await desk.time.passes('1 minute')
  })
  afterEach(() => {
    desk.github.verdict()
    expect(desk.incidents).toEqual([])
    expect(desk.inbox.pending(10)).toEqual([])
  })

  /** The newest thing that the bot said, without its marker. */
  const said = (): string => (desk.said().at(-1)?.body ?? '').replaceAll(/\n\n<!--.*?-->/g, '')

  const lock = (more: Partial<Lock> = {}): Lock => ({
    ...lockOn('shop/production', { reason: 'see #12 & @ada', until: NOON + 3_600_000 }),
    ...{ repository: desk.only().request.repository, subject: desk.only().request.subject },
    ...more,
  })

  test('/approve and /reject hand on who, which and why', async () => {
    const deployment = await desk.deploys()
    const heard: unknown[] = []
    desk.wishes.approve = async ({ actor }, word) => {
      heard.push([actor.login, word])
      return { deployment }
    }
    for (const text of ['/approve', '/approve 9ix-x', '/reject not today', '/reject 9ix-0123456789abcdef0123 not today'])
      await desk.comments(text, desk.github.people.grace)
    expect(heard).toEqual([
      ['grace', { id: null, isApproval: true, reason: null }],
      ['grace', { id: '9ix-x', isApproval: true, reason: null }],
      ['grace', { id: null, isApproval: false, reason: 'not today' }],
      ['grace', { id: '9ix-0123456789abcdef0123', isApproval: false, reason: 'not today' }],
    ])
  })

  test.each(['cancelled', 'asked', 'too late', 'ended'] as const)('/cancel says what came of it: %s', async (outcome) => {
    const deployment = await desk.deploys()
    desk.wishes.cancel = async () => ({ deployment, outcome })
    await desk.comments('/cancel', desk.github.people.grace)
    expect(said()).toMatchSnapshot()
  })

  test('/lock hands on the place, the reason and the time', async () => {
    const heard: unknown[] = []
    desk.wishes.lock = async (_, asked) => {
      heard.push(asked)
      return because('LOCKED')
    }
    await desk.comments('/lock production release week --for 3d\n/lock shop/production "a b"  c --take-over\n/lock --all now --for 30m')
    expect(heard).toEqual([
      { place: { app: null, environment: 'production' }, reason: 'release week', lasts: 3 * 86_400_000, takesOver: false },
      { place: { app: 'shop', environment: 'production' }, reason: 'a b c', lasts: 86_400_000, takesOver: true },
      { place: null, reason: 'now', lasts: 1_800_000, takesOver: false },
    ])
  })

  test('nothing in a reason reaches anybody but as text', async () => {
    await desk.comments('/deploy')
    desk.wishes.lock = async () => ({ lock: lock() })
    desk.wishes.unlock = async (_request, _place, tell) => {
      tell?.(lock())
      return { former: lock() }
    }
    await desk.comments('/lock production x')
    expect(said()).toContain('see `#12` `&` `@ada`')
    await desk.comments('/unlock production')
    expect(said()).toMatchInlineSnapshot(
      `"✅ **\`production\`** is free again: **ada** gave it up for @grace, who had locked it (see \`#12\` \`&\` \`@ada\`)."`,
    )
  })

  test('/unlock of what Gantry had locked says so', async () => {
    await desk.comments('/deploy')
    desk.wishes.unlock = async () => ({ former: lock({ owner: null, reason: 'deployment k-1 failed and was rolled back' }) })
    await desk.comments('/unlock production')
    expect(said()).toMatchInlineSnapshot(
      `"✅ **\`production\`** is free again: **ada** gave up what Gantry had locked (deployment \`k-1\` failed and was rolled back)."`,
    )
  })

  test('/who names roles, teams and people, and who may not approve', async () => {
    const any: readonly Party[] = [
      { kind: 'team', organisation: 'acme', slug: 'releasers' },
      { kind: 'app', app: 'release-bot' },
    ]
    const strict = rules({
      name: 'production',
      allow: { role: 'maintain', any },
      approvals: {
        count: 2,
        by: [{ kind: 'team', organisation: 'acme', slug: 'leads' }],
        not: ['requester', 'author', 'pusher'],
        expire: 14_400_000,
      },
    })
    desk.wishes.place = async (request): Promise<Standing> => ({
      ...{ app: {} as Standing['app'], rules: strict, key: '', locks: [] },
      facts: facts({ actor: { id: request.actor.id, login: 'ada', role: 'write' } }),
    })
    await desk.comments('/who production')
    expect(said()).toMatchInlineSnapshot(`
      "**\`production\`**
      - Deploys: whoever has the role \`maintain\` and is one of \`team:acme/releasers\`, \`app:release-bot\`
      - Approves: 2 of these: \`team:acme/leads\`, but not whoever asked for it, the pull request's author, whoever pushed last, within 4 h
      - Held by nobody
      - You, **ada**, have the role \`write\`: you may not deploy here, and may not approve on this thread"
    `)
  })

  const rehearsal = (deployment: Deployment, more: Partial<Rehearsal> = {}): Rehearsal => ({
    ...{
      plan: deployment.plan as Rehearsal['plan'],
      planHash: null,
      verdicts: [],
      problem: null,
      wait: null,
      reports: [],
      former: null,
      settings: [],
    },
    changes: [{ workload: 'site', from: OTHER, to: DIGEST }],
    ...more,
  })

  test('a dry run says what would be another, and what it would wait for', async () => {
    const deployment = await desk.deploys()
    const former = { ...(deployment.plan as Rehearsal['plan']), commit: 'b'.repeat(40) }
    const wait = { reason: 'checks', sentence: '2 checks still run.', until: NOON + 3_600_000, lookAt: NOON } as const
    desk.wishes.rehearse = async () => rehearsal(deployment, { wait, former, settings: ['env', 'path'] })
    await desk.comments('/deploy --dry-run --when-green')
    expect(said().replaceAll(desk.pull.pull?.head ?? '', '<head>')).toMatchInlineSnapshot(`
      "🚦 **ada** would deploy \`ghcr.io/acme/shop:1.2\` (\`sha256:0123456789ab\`) to **\`staging\`**, but not yet; nothing was changed.

      **Would wait:** 2 checks still run. It would be given up at 2026-11-23 13:00 UTC.

      - \`site\`: \`sha256:ffffffffffff\` → \`sha256:0123456789ab\`
      - Settings that change: \`env\`, \`path\`
      - [What changed in the code since](<https://github.com/acme/shop/compare/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...<head>>)

      **Next:** type the same without \`--dry-run\` in a new comment to have it done; with \`--expect <head>\` it is this commit or nothing."
    `)
  })

  test('a dry run where nothing would change, or the target does not answer', async () => {
    const deployment = await desk.deploys()
    desk.wishes.rehearse = async () => rehearsal(deployment, { changes: [{ workload: 'site', from: DIGEST, to: DIGEST }] })
    await desk.comments('/deploy --dry-run')
    expect(said()).toContain('- `site` stays `sha256:0123456789ab`')
    desk.wishes.rehearse = async () =>
      rehearsal(deployment, { changes: { problem: problem('TARGET_UNAVAILABLE', { sentence: 'The target does not answer.', next: 'Wait.' }) } })
    await desk.comments('/deploy --dry-run')
    expect(said()).toContain('- It is not known what runs: The target does not answer. (`TARGET_UNAVAILABLE`)')
  })

  test('many workloads are many, and the answer stays short', async () => {
    const deployment = await desk.deploys()
    const changes = Array.from({ length: 200 }, (_, index) => ({ workload: `w${index}`, from: null, to: DIGEST }))
    desk.wishes.rehearse = async () => rehearsal(deployment, { changes })
    await desk.comments('/deploy --dry-run')
    expect(said().match(/^- `w\d+`/gm)).toHaveLength(10)
    expect(said()).toContain('- and 190 more')
  })

  test('what nobody asked about is told on its thread, once', async () => {
    const deployment = await desk.deploys()
    const { repository, subject } = deployment.request
    const held = lockOn('shop/production', { reason: 'the "big" move', until: NOON + 3_600_000, repository, subject })
    const notices: readonly Notice[] = [
      { key: 'n:1', kind: 'lock ends soon', lock: held },
      { key: 'n:2', kind: 'lock released', lock: held },
      { key: 'n:3:-->', kind: 'drift', deployment, seen: `site: ${OTHER} @grace` },
      { key: 'n:4', kind: 'lock released', lock: { ...held, subject: null } },
      { key: 'n:5', kind: 'lock kept', lock: held, by: { id: 6, login: 'mallory' } },
      { key: 'n:6', kind: 'lock given up', lock: held, by: { id: 7, login: 'grace' } },
      { key: 'n:7', kind: 'lock given up', lock: { ...held, owner: null }, by: { id: 7, login: 'grace' } },
    ]
    for (const notice of [...notices, ...notices]) {
      desk.notices(notice)
      // Each has its own comment, and several at once come in any order.
      await desk.settle()
    }
    expect(
      desk
        .said()
        .slice(1)
        .map(({ body }) => body),
    ).toMatchInlineSnapshot(`
      [
        "🚦 @grace, your lock on **\`shop/production\`** (the "big" move) ends at 2026-11-23 13:00 UTC.

      - **Next:** nothing, if you are done; to keep it, type \`/lock shop/production "the \\"big\\" move" --for 1d\`

      <!-- gantry:answer n:1 -->",
        "✅ **\`shop/production\`** is free again: the lock of **grace** ended with this thread.

      <!-- gantry:answer n:2 -->",
        "❔ @ada, **\`staging\`** runs something else than \`shop:1.2\`, and nobody asked Gantry for it.

      - **Found:** \`site: sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff @grace\`
      - **Wanted:** \`sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\`
      - **Next:** find out who changed it; \`/rollback shop/staging --to d-1\` brings back what was deployed

      <!-- gantry:answer n:3:--_ -->",
        "🚦 **\`shop/production\`** stays locked by **grace** until 2026-11-23 13:00 UTC: the "big" move. **mallory**, who closed this thread, may not give it up; \`/unlock shop/production\` does.

      <!-- gantry:answer n:5 -->",
        "✅ **\`shop/production\`** is free again: **grace** gave it up on Gantry's page for @grace, who had locked it (the "big" move).

      <!-- gantry:answer n:6 -->",
        "✅ **\`shop/production\`** is free again: **grace** gave it up on Gantry's page for Gantry, who had locked it (the "big" move).

      <!-- gantry:answer n:7 -->",
      ]
    `)
  })

  test('/status says who holds it, who is next, what waits and what nobody deployed', async () => {
    const last = await desk.deploys()
    await desk.comments('/deploy')
    const next = desk.only()
    desk.configuration = { configuration: { apps: new Map() } }
    desk.status = [
      {
        ...{ app: 'shop', environment: 'staging', url: null, last, occupant: null, queue: [next, last], observed: [] },
        waiting: [{ ...last, wait: { reason: 'approval', sentence: 'An approval is missing.', until: NOON, lookAt: NOON } }],
        locks: [
          { ...lock(), url: 'https://github.com/acme/shop/pull/1#issuecomment-2' },
          lock({ id: 2, environment: '*', reason: 'an outage', until: null }),
        ],
        drift: { deployment: last.id, seen: 'site: nothing of ours', at: NOON },
      },
    ]
    await desk.comments('/status')
    expect(said()).toMatchInlineSnapshot(`
      "**\`staging\`**
      - ❔ Nobody asked Gantry for that: seen since 2026-11-23 12:00 UTC, \`site: nothing of ours\`
      - ✅ **ada** deployed \`ghcr.io/acme/shop:1.2\` (\`sha256:0123456789ab\`) to **\`staging\`** in 0.0 s. (2026-11-23 12:01 UTC)
      - 🚫 It is locked by **grace** until 2026-11-23 13:00 UTC: see \`#12\` \`&\` \`@ada\` ([since this comment](<https://github.com/acme/shop/pull/1#issuecomment-2>))
      - 🚫 It is locked, with every environment of this repository, by **grace** until somebody unlocks it: an outage
      - In the queue: 1. **ada**: an image, next · 2. **ada**: \`shop:1.2\`
      - Waits: **ada**: \`shop:1.2\` · An approval is missing."
    `)
  })
})

const because = (code: 'LOCKED') => ({ problem: problem(code, { sentence: 'It is locked.', next: 'Wait.' }) })
