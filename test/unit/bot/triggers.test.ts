import { beforeEach, describe, expect, test } from 'vitest'
import { createIntake } from '../../../src/bot/intake.ts'
import { createPassing } from '../../../src/bot/passing.ts'
import { createTriggers } from '../../../src/bot/triggers.ts'
import { Activity } from '../../../src/deploy/activity.ts'
import type { Deployment, DeployRequest } from '../../../src/deploy/deployment.ts'
import type { Configuration, EnvironmentRules } from '../../../src/deploy/environment.ts'
import type { Happening } from '../../../src/deploy/happening.ts'
import type { Service } from '../../../src/deploy/service.ts'
import { Failure, problem } from '../../../src/errors.ts'
import { Time } from '../../world/time.ts'
import { configuration, facts, imageRule, rules } from '../deploy/situation.ts'

const BEFORE = 'b'.repeat(40)
const COMMIT = 'a'.repeat(40)
const home = {
  installation: { id: 1 },
  repository: { id: 42, node_id: 'R_1', name: 'shop', owner: { id: 2, login: 'acme' }, default_branch: 'main', pushed_at: 1_800_000_000 },
  sender: { id: 9, login: 'ada' },
}
const auto = (more: Partial<NonNullable<EnvironmentRules['auto']>>) => ({ auto: { push: [], checks: false, package: false, ...more } })

/** The engine writes down what it is asked, and GitHub's only answer is the configuration. */
class Station {
  configured: ReturnType<Service['configuration']> = { configuration: null }
  readonly deployed: DeployRequest[] = []
  readonly happened: Happening[] = []
  readonly forgotten: number[] = []
  readonly said: unknown[] = []
  readonly answers: unknown[] = []
  readonly pushed: string[] = []
  readonly announced: string[] = []
  looks = 0
  trouble: Error | null = null
  happens: (event: Happening) => void = (event) => void this.happened.push(event)
  readonly #take = createTriggers({
    service: {
      deploy: (request: DeployRequest) => (this.deployed.push(request), {} as Deployment),
      happened: async (event: Happening) => this.happens(event),
      configuration: () => this.configured,
    } as unknown as Service,
    source: {
      pushed: ({ name }) => void this.pushed.push(name),
      look: async (_, besides) => {
        this.looks += 1
        expect(besides).toEqual({ commit: null })
        if (this.trouble !== null) throw this.trouble
        return facts({ ref: { name: 'main', commit: '1234567'.padEnd(40, '8') } })
      },
    },
    github: { forget: (installation) => void this.forgotten.push(installation) },
    announcements: { answer: (answer) => void this.answers.push(answer) },
    announce: (key) => void this.announced.push(key),
    log: { info: (about) => void this.said.push(about), warn: (about) => void this.said.push(about) },
  })

  has(...environments: EnvironmentRules[]): void {
    this.configured = { configuration: configuration(environments) }
  }

  async hears(event: string, payload: unknown, missed?: 'run'): Promise<void> {
    const delivery = createIntake(4711).readDelivery(event, 'guid', payload, 7)
    if (delivery === null) throw new Error('that means nothing')
    await this.#take({ ...delivery, ...(missed !== undefined && { missed }) })
  }

  pushes(branch: string, more: object = {}, missed?: 'run'): Promise<void> {
    return this.hears('push', { ...home, ref: `refs/heads/${branch}`, before: BEFORE, after: COMMIT, ...more }, missed)
  }

  publishes(name: string, tag: string): Promise<void> {
    const package_version = { id: 21, container_metadata: { tag: { name: tag } } }
    const registry_package = { name, package_type: 'CONTAINER', owner: { login: 'Acme' }, package_version }
    return this.hears('registry_package', { ...home, action: 'published', registry_package })
  }

  get begun() {
    return this.deployed.map(({ door, asks }) => [door, `${asks.app}/${asks.environment}`, asks.ref ?? asks.image])
  }
}

let station: Station
beforeEach(() => {
  station = new Station()
})

describe('a push', () => {
  test('is told to whoever remembers what stands in the repository, on any branch', async () => {
    await station.pushes('main')
    await station.pushes('feature')
    expect(station.pushed).toEqual(['shop', 'shop'])
  })

  test('asks for what was pushed, in the name of whoever did', async () => {
    station.has(rules(auto({ push: ['main'] })))
    await station.pushes('main')
    expect(station.deployed).toMatchObject([
      {
        key: `p:42:${BEFORE}:${COMMIT}:1800000000000:main:shop:staging`,
        door: 'push',
        subject: null,
        comment: null,
        actor: { id: 9, login: 'ada', app: null },
        headSeen: COMMIT,
        asks: { app: 'shop', environment: 'staging', ref: 'main', image: null, whenGreen: false },
        receivedAt: 7,
      },
    ])
    expect(station.deployed[0]).not.toHaveProperty('wasMissed')
  })

  test.each<[string, Partial<NonNullable<EnvironmentRules['auto']>>, readonly string[]]>([
    ['of a named branch', { push: ['main', 'release/*'] }, ['push main', 'push release/1']],
    ['of a named branch, once it is green', { push: ['release/*'], checks: true }, ['checks release/1']],
    ['of the default branch, once it is green', { checks: true }, ['checks main']],
    ['where only packages count', { package: true }, []],
    ['of any branch', { push: ['**'] }, ['push main', 'push release/1', 'push feature']],
  ])('%s', async (_, wanted, begun) => {
    station.has(rules(auto(wanted)))
    for (const branch of ['main', 'release/1', 'feature']) await station.pushes(branch)
    expect(station.deployed.map(({ door, asks }) => `${door} ${asks.ref}`)).toEqual(begun)
  })

  test('where nothing begins by itself', async () => {
    station.has(rules())
    await station.pushes('main')
    expect(station.deployed).toEqual([])
  })

  test('begins in every environment of every app that wants it', async () => {
    const one = configuration([rules(auto({ push: ['main'] })), rules({ name: 'production', ...auto({ push: ['main'], checks: true }) })])
    const two: Configuration = { apps: new Map([...one.apps, ['admin', { ...[...one.apps.values()][0]!, name: 'admin' }]]) }
    station.configured = { configuration: two }
    await station.pushes('main')
    expect(station.begun).toEqual([
      ['push', 'shop/staging', 'main'],
      ['checks', 'shop/production', 'main'],
      ['push', 'admin/staging', 'main'],
      ['checks', 'admin/production', 'main'],
    ])
    expect(new Set(station.deployed.map(({ key }) => key)).size).toBe(4)
  })

  test('to a branch that a push to the default branch has just named begins, though what that one brought could not be read yet', async () => {
    station.has(rules(auto({ push: ['main'] })))
    await station.pushes('main')
    station.has(rules(auto({ push: ['main', 'release'] })))
    station.trouble = new Failure('GITHUB_UNAVAILABLE', { sentence: 'GitHub does not answer.', next: 'x' })
    await expect(station.pushes('main', { after: 'c'.repeat(40) })).rejects.toThrow()
    station.trouble = null
    await station.pushes('release')
    expect(station.begun.map(([, , ref]) => ref)).toEqual(['main', 'release'])
  })

  test('that was missed says so', async () => {
    station.has(rules(auto({ push: ['main'] })))
    await station.pushes('main', {}, 'run')
    expect(station.deployed).toMatchObject([{ wasMissed: true }])
  })

  test('without a configuration, or with one that is not valid, begins nothing, and only the log says it', async () => {
    await station.pushes('main')
    expect(station.said).toEqual([])
    station.configured = { problem: problem('CONFIGURATION_INVALID', { sentence: 'No.', next: 'x' }) }
    await station.pushes('main')
    expect(station.said).toMatchObject([{ repository: 'acme/shop', code: 'CONFIGURATION_INVALID' }])
    expect(station.deployed).toEqual([])
  })

  test('to a branch that is known not to matter costs nothing, until the configuration may be another one', async () => {
    station.has(rules(auto({ push: ['release/*'] })))
    for (const branch of ['feature', 'other', 'release/1', 'feature']) await station.pushes(branch)
    expect(station.looks).toBe(2)
    station.has(rules(auto({ push: ['feature'] })))
    await station.pushes('main')
    await station.pushes('feature')
    expect([station.looks, station.begun.at(-1)]).toEqual([4, ['push', 'shop/staging', 'feature']])
    await station.pushes('other', { repository: { ...home.repository, default_branch: 'trunk' } })
    expect(station.looks).toBe(5)
  })

  test('that GitHub cannot be asked about is thrown, to be tried again', async () => {
    station.trouble = new Failure('GITHUB_UNAVAILABLE', { sentence: 'No.', next: 'Wait.' })
    await expect(station.pushes('main')).rejects.toBe(station.trouble)
  })
})

describe('a package', () => {
  const image = 'ghcr.io/acme/shop'

  test('begins where its tags are wanted, and tells whoever waits for an image', async () => {
    const environments = [rules(auto({ package: true })), rules({ name: 'production', ...auto({ push: ['main'] }) })]
    station.configured = { configuration: configuration(environments, [imageRule({ repository: image, tag: 'sha-{short_sha}' })]) }
    await station.publishes('Shop', 'sha-1234567')
    expect(station.happened).toMatchObject([{ kind: 'image', repository: { id: 42 } }])
    expect(station.deployed).toMatchObject([
      { key: 'r:42:21:sha-1234567:shop:staging', door: 'package', headSeen: null, asks: { image: `${image}:sha-1234567`, ref: null } },
    ])
    await station.publishes('other', 'sha-1234567')
    expect(station.deployed).toHaveLength(1)
  })

  test.each([
    ['sha-{short_sha}', 'sha-1234567', true],
    ['sha-{short_sha}', 'sha-7654321', false],
    ['{branch}', 'main', true],
    ['{branch}', 'feature', false],
    ['pr-{pr}', 'pr-7', false],
    [null, 'anything', false],
    ['sha-{short_sha}', 'latest', false],
    ['sha-{sha}', 'sha-1234567', false],
  ])('with the template %s and the tag %s', async (tag, given, isWanted) => {
    station.configured = { configuration: configuration([rules(auto({ package: true }))], [imageRule({ repository: image, tag })]) }
    await station.publishes('shop', given)
    expect(station.deployed).toHaveLength(isWanted ? 1 : 0)
  })

  test('without a template begins where the image itself has to say which commit it is of', async () => {
    const proves = { ...auto({ package: true }), verify: { commit: 'claimed', attestation: null } } as const
    station.configured = { configuration: configuration([rules(proves)], [imageRule({ repository: image, tag: null })]) }
    await station.publishes('shop', 'anything')
    expect(station.deployed).toHaveLength(1)
  })
})

test('an installation that is gone is forgotten first; one that lost repositories is not, nor is one on old news', async () => {
  const installation = { id: 1, updated_at: '2026-11-23T12:00:00Z' }
  await station.hears('installation', { action: 'deleted', installation })
  await station.hears('installation_repositories', { action: 'removed', installation, repositories_removed: [{ id: 42 }] })
  expect(station.forgotten).toEqual([1])
  expect(station.happened).toEqual([
    { kind: 'gone', installation: 1 },
    { kind: 'gone', installation: 1, repositories: [42] },
  ])
  expect(station.looks).toBe(0)
  await station.hears('installation', { action: 'suspend', installation }, 'run')
  expect(station.forgotten).toEqual([1])
  expect(station.happened.at(-1)).toEqual({ kind: 'gone', installation: 1, at: 7 })
})

describe('what passes', () => {
  const checks = (commit: string): Happening & { kind: 'checks' } => ({
    kind: 'checks',
    repository: { id: 42, node: 'R_1', owner: 'acme', name: 'shop', installation: 1 },
    commit,
  })
  const platform = () => {
    const told: unknown[] = []
    const incidents: unknown[] = []
    const time: Time = new Time(() => activity.idle())
    const activity = new Activity(time)
    const doors = {
      service: {
        happened: async (event: Happening) => {
          told.push(event)
          if (event.kind === 'thread') throw new Error('oh')
        },
      },
      github: { welcome: (installation: number) => void told.push(installation) },
      ...{ clock: time, activity, incident: (error: unknown) => String(incidents.push(error)) },
    }
    return { tell: createPassing(doors), told, time, activity, incidents }
  }

  test('a burst is told once at its begin and once at its end', async () => {
    const { tell, told, time, activity } = platform()
    for (let nth = 0; nth < 50; nth++) tell(checks('a'))
    tell(checks('b'))
    expect(told).toEqual([])
    await activity.idle()
    expect(told).toEqual([checks('a'), checks('b')])
    await time.passes('3 seconds')
    expect(told).toEqual([checks('a'), checks('b'), checks('a')])
    await time.passes('10 seconds')
    expect(told).toHaveLength(3)
  })

  test('the end of a suspension is told to the door to GitHub; a mistake of ours is an incident', async () => {
    const { tell, told, activity, incidents } = platform()
    tell({ kind: 'back', installation: 1 })
    tell({ kind: 'thread', repository: checks('a').repository, subject: 3 })
    await activity.idle()
    expect(told[0]).toBe(1)
    expect(incidents).toHaveLength(1)
  })
})

describe('a head', () => {
  const opened = { ...home, action: 'opened', pull_request: { number: 5, updated_at: '2026-11-23T12:00:00Z', head: { sha: COMMIT } } }

  test('is told to the engine, and what it makes of the configuration is said when there is time', async () => {
    await station.hears('pull_request', opened)
    const key = `k:42:5:${COMMIT}`
    expect(station.happened).toMatchObject([{ kind: 'head', pull: 5, head: COMMIT }])
    expect(station.answers).toMatchObject([{ key, pull: 5, head: COMMIT, createdAt: 7 }])
    expect(station.announced).toEqual([key])
    expect(station.looks).toBe(0)
  })

  test('that goes to another branch is said once more for that one', async () => {
    await station.hears('pull_request', opened)
    const changes = { base: { ref: { from: 'main' } } }
    await station.hears('pull_request', { ...opened, action: 'edited', changes, pull_request: { ...opened.pull_request, base: { ref: 'next' } } })
    expect(station.announced).toEqual([`k:42:5:${COMMIT}`, `k:42:5:${COMMIT}:next`])
  })

  test('is not said before the engine knows', async () => {
    station.happens = () => {
      throw new Error('a full disk')
    }
    await expect(station.hears('pull_request', opened)).rejects.toThrow('a full disk')
    expect(station.answers).toEqual([])
  })
})
