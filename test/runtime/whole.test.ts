import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import type { Artifact } from '../../src/deploy/target.ts'
import { type DockerEngine, missingDockerEngine, startDockerEngine } from '../world/docker-engine.ts'
import type { Behaviour } from '../world/docker-images.ts'
import { EngineStage } from '../world/engine-stage.ts'
import { eventually } from '../world/grounds.ts'
import { screenplay } from '../world/screenplay.ts'

const missing = missingDockerEngine()
if (missing !== null && process.env['CI']) throw new Error(`the whole must be tested: ${missing}`)

describe.skipIf(missing !== null)(`the real bot, the real engine, the real registry${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  let engine: DockerEngine
  let stage: EngineStage
  beforeAll(async () => {
    engine = await startDockerEngine()
    stage = await EngineStage.open(engine)
  })
  afterAll(async () => {
    await stage?.closes()
    await engine?.stop()
  })

  /** Ada asks for it in a comment; answers with what GitHub shows of it in the end. */
  async function deploy(image: Artifact, tag: string) {
    onTestFailed(() => console.log(`${screenplay(stage.github, stage.pull.number)}\n${stage.gantry.output}`))
    const asked = stage.said().length
    stage.asksFor(image, tag)
    await stage.delivers()
    const { checks, deployments } = stage.github.repository
    await eventually(() => stage.said().length > asked && /^(✅|❌|🚫)/.test(stage.said().at(-1)?.body ?? ''), 30)
    await eventually(() => checks.length === deployments.length && checks.at(-1)?.status === 'completed')
    const status = () => deployments.at(-1)?.statuses.at(-1)?.state
    await eventually(() => ['success', 'failure', 'error'].includes(status() ?? ''))
    return { comment: stage.said().at(-1)?.body ?? '', check: checks.at(-1)?.conclusion, deployment: status() }
  }

  const push = (tag: string, behaviour: Behaviour = 'healthy') => engine.image('acme/shop', tag, behaviour)
  const running = async () => (await stage.containers()).map(({ state, digest }) => ({ state, digest }))

  test('ada deploys an image: that digest runs, and comment, check run and Deployment say so', async () => {
    const first = await push('1')
    const shown = await deploy(first, '1')
    expect(shown).toMatchObject({ check: 'success', deployment: 'success' })
    expect(shown.comment).toMatch(/^✅ \*\*ada\*\* deployed .*acme\/shop:1`/)
    expect(shown.comment).toContain(first.digest.slice(0, 19))
    expect(await running()).toEqual([{ state: 'running', digest: first.digest }])
    expect(stage.serves()).toBe('1')
  })

  test('the next version takes its place', async () => {
    const second = await push('2')
    expect(await deploy(second, '2')).toMatchObject({ comment: expect.stringMatching(/^✅/), check: 'success', deployment: 'success' })
    expect(await running()).toEqual([{ state: 'running', digest: second.digest }])
    expect(stage.serves()).toBe('2')
  })

  test('one that never gets healthy fails, and the one before is put back and serves', async () => {
    const before = await stage.containers()
    const shown = await deploy(await push('3', 'never healthy'), '3')
    expect(shown).toMatchObject({ check: 'failure', deployment: 'failure' })
    expect(shown.comment).toMatch(/^❌/)
    expect(shown.comment).toContain('TARGET_UNHEALTHY')
    expect(shown.comment).toContain('container: version 3 starts')
    expect(await stage.containers()).toEqual(before)
    expect(stage.serves()).toBe('2')
  })

  test('a wrong password is found before anything changes', async () => {
    const before = await stage.containers()
    expect(await stage.gantry.stops()).toBe(0)
    const wrong = 'a-password-that-is-wrong'
    await stage.starts({ REGISTRY_PASSWORD: wrong })
    const shown = await deploy(await push('4'), '4')
    expect(shown).toMatchObject({ check: 'failure', deployment: 'failure' })
    expect(shown.comment).toContain('CREDENTIALS_INVALID')
    expect(await stage.containers()).toEqual(before)
    expect(stage.serves()).toBe('2')
    expect(JSON.stringify([stage.github.calls, stage.said()]) + stage.gantry.output).not.toContain(wrong)
  })

  test('nothing was doubled or left over, and GitHub has nothing to object to', () => {
    stage.github.verdict()
    const { checks, deployments } = stage.github.repository
    expect([stage.said().length, checks.length, deployments.length]).toEqual([4, 4, 4])
    expect(stage.gantry.output).not.toMatch(/"level":(50|60)/)
    expect(stage.gantry.output).not.toContain(stage.password)
  })
})
