import * as z from 'zod'
import type { Digest } from '../../registry/reference.ts'
import { Failure } from '../../errors.ts'
import { LABELS, type Place, calls } from './calls.ts'
import { type Engine, strange } from './engine.ts'

/** A container of ours, as the engine describes it now. */
export interface Container {
  readonly id: string
  readonly name: string
  readonly operation: string
  readonly fence: number
  readonly digest: Digest
  readonly image: string
  readonly state: string
  readonly exitCode: number
  readonly restarts: number
  /** Null where the image has no HEALTHCHECK. */
  readonly health: string | null
  readonly hasPorts: boolean
  /** Where it is to answer, by its labels; null without a network. */
  readonly place: Place | null
  /** Names it answers to, by network. */
  readonly aliases: ReadonlyMap<string, readonly string[]>
}

const listSchema = z.array(z.object({ Id: z.string() }))

const inspectSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  RestartCount: z.number().default(0),
  State: z.object({ Status: z.string(), ExitCode: z.number().default(0), Health: z.object({ Status: z.string() }).nullish() }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  HostConfig: z.object({ PortBindings: z.record(z.string(), z.unknown()).nullish() }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.object({ Aliases: z.array(z.string()).nullish() })).nullish() }),
})

/** Every container of the workload (or of Gantry's at all), running or not, lowest fence first. */
export async function containersOf(engine: Engine, workload?: string, signal?: AbortSignal): Promise<readonly Container[]> {
  const call = calls.containers(workload)
  const ids = read(listSchema, await engine.json(call, signal), call)
  const found = []
  for (const { Id } of ids) found.push(await containerOf(engine, Id, signal))
  return found.filter((container) => container !== null).toSorted((a, b) => a.fence - b.fence)
}

/** Null where there is none, or it is being removed. */
export async function containerOf(engine: Engine, id: string, signal?: AbortSignal): Promise<Container | null> {
  const call = calls.container(id)
  const answer = await engine.find(call, signal)
  if (answer === null) return null
  const { Config, State, HostConfig, NetworkSettings, ...rest } = read(inspectSchema, answer, call)
  if (State.Status === 'removing') return null
  const labels = Config.Labels ?? {}
  const health = State.Health?.Status
  const [network, alias] = [labels[LABELS.network], labels[LABELS.alias]]
  return {
    id: rest.Id,
    name: rest.Name.replace(/^\//, ''),
    operation: labels[LABELS.operation] ?? '',
    fence: Number(labels[LABELS.fence] ?? 0),
    digest: (labels[LABELS.digest] ?? '') as Digest, // written by us; observing compares it with the image itself
    image: rest.Image,
    state: State.Status,
    exitCode: State.ExitCode,
    restarts: rest.RestartCount,
    health: health === undefined || health === 'none' ? null : health,
    hasPorts: Object.keys(HostConfig.PortBindings ?? {}).length > 0,
    place: network === undefined || alias === undefined ? null : { network, alias },
    aliases: new Map(Object.entries(NetworkSettings.Networks ?? {}).map(([name, { Aliases }]) => [name, Aliases ?? []])),
  }
}

/** Nothing of the same name may be somebody else's: Gantry touches only what carries its labels. */
export async function refuseForeign(engine: Engine, names: readonly string[], workload: string, signal: AbortSignal): Promise<void> {
  for (const name of names) {
    const call = calls.container(name)
    const answer = await engine.find(call, signal)
    if (answer === null) continue
    const { Name, Config } = read(inspectSchema, answer, call)
    // The engine also finds containers by the start of their id.
    if (Name !== `/${name}` || Config.Labels?.[LABELS.workload] === workload) continue
    throw new Failure('TARGET_REFUSED', {
      sentence: `A container named ${name} exists that Gantry did not start.`,
      found: name,
      wanted: `no such container, or one with the label ${LABELS.workload}=${workload}`,
      next: `Rename it (\`docker rename ${name} ${name}-before\`) or remove it, then deploy again.`,
    })
  }
}

/** Whether others find it under its name; where there is no network it needs none. */
export const isReachable = ({ place, aliases }: Container): boolean => place === null || (aliases.get(place.network)?.includes(place.alias) ?? false)

/**
 * Which of a workload's containers, lowest fence first, is the one in force: the oldest that is reachable, because the old one
 * goes last. Younger ones are unfinished tries, older ones are about to go.
 */
export const inForce = (containers: readonly Container[]): Container | null => containers.find(isReachable) ?? null

/** Running, with its HEALTHCHECK passed if it has one, and reachable. */
export const isHealthy = (container: Container): boolean =>
  container.state === 'running' && (container.health === null || container.health === 'healthy') && isReachable(container)

export function read<T>(schema: z.ZodType<T>, answer: unknown, call: Parameters<typeof strange>[0]): T {
  const result = schema.safeParse(answer)
  if (result.success) return result.data
  throw strange(call, result.error)
}
