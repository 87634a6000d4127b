import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { type DockerEngine, missingDockerEngine, startDockerEngine } from '../world/docker-engine.ts'
import { EngineStage } from '../world/engine-stage.ts'
import { Grounds, eventually } from '../world/grounds.ts'
import { screenplay } from '../world/screenplay.ts'
import type { Stage } from '../world/stage.ts'

/** Something of the nth deployment that can be seen from outside, and stays so. */
type Moment<S extends Stage> = (stage: S, nth: number) => boolean | Promise<boolean>

/** Each round is one deployment, on whose way processes are killed at these moments, one after the other. */
type Round<S extends Stage> = readonly [name: string, moments: readonly Moment<S>[]]

const isReceived = (stage: Stage, nth: number) => stage.rows('select 1 from delivery where event = ?', 'issue_comment').length >= nth
const hasBegun = (step: string) => (stage: Stage, nth: number) =>
  stage.rows('select 1 from step where deployment = ? and name = ?', nth, step).length > 0
const hasEnded = (stage: Stage, nth: number) => stage.rows('select 1 from deployment where sequence = ? and ended_at is not null', nth).length > 0
const hasCheck = ({ github }: Stage, nth: number) => github.repository.checks.length >= nth
const hasDeployment = ({ github }: Stage, nth: number) => github.repository.deployments.length >= nth
const saysSuccess = ({ github }: Stage, nth: number) => github.repository.deployments[nth - 1]?.statuses.at(-1)?.state === 'success'

const ERROR = /"level":(50|60)/

/** Sends the command that has just been given, kills and starts again, and waits for the last word. */
async function survives<S extends Stage>(stage: S, nth: number, moments: readonly Moment<S>[]): Promise<void> {
  onTestFailed(() => console.log(`${screenplay(stage.github, stage.pull.number)}\n${stage.gantry.output}`))
  let sending: Promise<unknown> = stage.delivers()
  for (const moment of moments) {
    const { gantry } = stage
    await stage.isKilledOnce(() => moment(stage, nth))
    expect(gantry.output).not.toMatch(ERROR)
    await sending.catch(() => undefined) // by a process that was dead before it listened
    sending = stage.startsAgain()
  }
  await sending
  const isSaid = () => saysSuccess(stage, nth) && stage.said()[nth - 1]?.body.startsWith('✅') && hasCheck(stage, nth)
  expect(await eventually(() => isSaid() === true, 30)).toBe(true)
}

/** Each command has become one deployment; GitHub shows one comment, check run and Deployment of each, and said nothing twice. */
function happenedOnce(stage: Stage, commands: number): void {
  stage.github.verdict()
  const { checks, deployments } = stage.github.repository
  expect(stage.rows('select state from deployment')).toEqual(Array.from({ length: commands }, () => ({ state: 'success' })))
  expect(stage.rows('select key from announcement where is_complete = 0')).toEqual([])
  expect(stage.said().map(({ body }) => body.slice(0, 1))).toEqual(Array.from({ length: commands }, () => '✅'))
  expect(checks.map(({ conclusion }) => conclusion)).toEqual(Array.from({ length: commands }, () => 'success'))
  expect(deployments).toHaveLength(commands)
  for (const { statuses } of deployments) {
    const states = statuses.map(({ state }) => state).filter((state) => state !== 'inactive')
    expect(states).toEqual([...new Set(states)])
    expect(states.at(-1)).toBe('success')
  }
  expect(stage.gantry.output).not.toMatch(ERROR)
}

describe('kill -9 on the way to a site', () => {
  const site = (grounds: Grounds) => join(grounds.folder, 'data/targets/site')
  const current = (grounds: Grounds) => JSON.parse(readFileSync(join(site(grounds), 'current'), 'utf8')) as { releases: string[]; fence: number }
  const isSwitched = (grounds: Grounds, nth: number) => existsSync(join(site(grounds), 'current')) && current(grounds).fence >= nth
  const inside = (grounds: Grounds, folder: string) =>
    existsSync(join(site(grounds), folder)) ? readdirSync(join(site(grounds), folder)).toSorted() : []
  const isUnpacking = (grounds: Grounds, nth: number) => inside(grounds, 'unpacking').length > 0 || isSwitched(grounds, nth)
  const isAskedFor = (what: RegExp) => (grounds: Grounds, nth: number) =>
    grounds.registry.requests.slice(askedBefore[nth - 1]).some(({ path }) => what.test(path))
  /** How much the registry had been asked for when each round began. */
  const askedBefore: number[] = []

  const ROUNDS: readonly Round<Grounds>[] = [
    ['the command was written down', [isReceived]],
    ['the registry is asked for the digest', [isAskedFor(/manifests/)]],
    ['the GitHub Deployment exists', [hasDeployment]],
    ['the check run exists', [hasCheck]],
    ['the intent was written down', [hasBegun('apply')]],
    ['the registry is asked for a layer', [isAskedFor(/blobs/)]],
    ['the layers are being unpacked', [isUnpacking]],
    ['the site was switched', [isSwitched]],
    ['the outcome was written down', [hasEnded]],
    ['GitHub shows the success', [saysSuccess]],
    ['the Deployment exists, then the intent was written down, then the site was switched', [hasDeployment, hasBegun('apply'), isSwitched]],
  ]

  let grounds: Grounds
  beforeAll(async () => {
    grounds = await Grounds.open()
  })
  afterAll(() => grounds?.closes())

  async function deploys(moments: readonly Moment<Grounds>[]): Promise<void> {
    askedBefore.push(grounds.registry.requests.length)
    const nth = askedBefore.length
    grounds.github.reinstalls()
    await grounds.registry.has(`acme/shop:1.${nth}`, { 'site/index.html': `version 1.${nth}` })
    grounds.github.people.ada.comments(grounds.pull.number, `/deploy staging :1.${nth}`)
    await survives(grounds, nth, moments)
    expect(await (await fetch(await grounds.site())).text()).toBe(`version 1.${nth}`)
  }

  test.each(ROUNDS)('as soon as %s', (_name, moments) => deploys(moments))

  test('everything happened once, and the next deployment clears away what the deaths left', async () => {
    await deploys([])
    happenedOnce(grounds, ROUNDS.length + 1)
    expect(readdirSync(site(grounds)).toSorted()).toEqual(['current', 'releases'])
    expect(inside(grounds, 'releases')).toEqual(current(grounds).releases.toSorted())
  })
})

const missing = missingDockerEngine()
if (missing !== null && process.env['CI']) throw new Error(`kill -9 must be tested with a real engine: ${missing}`)

describe.skipIf(missing !== null)(`kill -9 on the way to the real engine${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  const containersOf = async (stage: EngineStage, nth: number) => (await stage.containers()).filter(({ digest }) => digest === digests[nth - 1])
  const isCreated = async (stage: EngineStage, nth: number) => (await containersOf(stage, nth)).length > 0
  const isStarted = async (stage: EngineStage, nth: number) => (await containersOf(stage, nth)).some(({ state }) => state === 'running')
  const isAlone = async (stage: EngineStage, nth: number) => (await isStarted(stage, nth)) && (await stage.containers()).length === 1
  const digests: string[] = []

  const ROUNDS: readonly Round<EngineStage>[] = [
    ['the GitHub Deployment exists', [hasDeployment]],
    ['the intent was written down', [hasBegun('apply')]],
    ['the new container was created', [isCreated]],
    ['the new container was started', [isStarted]],
    ['the old container is gone', [isAlone]],
    ['what runs is to be read back', [hasBegun('observe')]],
    ['GitHub shows the success', [saysSuccess]],
    ['the container was created, then started, then the old one is gone', [isCreated, isStarted, isAlone]],
  ]

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

  test.each(ROUNDS)('as soon as %s', async (_name, moments) => {
    const nth = digests.length + 1
    const image = await engine.image('acme/shop', `1.${nth}`, 'healthy')
    digests.push(image.digest)
    stage.github.reinstalls()
    stage.asksFor(image, `1.${nth}`)
    await survives(stage, nth, moments)
    expect(stage.serves()).toBe(`1.${nth}`)
    expect(await stage.containers()).toEqual([expect.objectContaining({ state: 'running', digest: image.digest })])
  })

  test('everything happened once', () => happenedOnce(stage, ROUNDS.length))
})
