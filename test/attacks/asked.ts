import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Person } from '../world/github/people.ts'
import type { Comment, Issue } from '../world/github/state.ts'
import type { Delivery } from '../world/github/webhooks.ts'
import { eventually } from '../world/grounds.ts'
import type { Grounds } from '../world/grounds.ts'
import type { Stage } from '../world/stage.ts'
import { sign } from '../world/wire.ts'

/** What one command came to: the state of its deployment, and the code of the refusal or failure. */
export interface Fate {
  readonly state: string
  readonly code: string | null
}

/** In words: `success`, `refused PERMISSION_REQUIRED`, or `nothing` where no deployment was written down. */
export const inWords = (fates: readonly Fate[]): string =>
  fates.length === 0 ? 'nothing' : fates.map(({ state, code }) => (code === null ? state : `${state} ${code}`)).join(', ')

const byLine = (stage: Stage, key: string) =>
  stage.rows(
    `select state, json_extract(problem, '$.code') as code, ended_at from deployment where key = ?1 or key like ?1 || ':%' order by sequence`,
    key,
  ) as unknown as readonly (Fate & { readonly ended_at: number | null })[]

/** The key that a comment's deliveries are known by. */
export const keyOf = ({ github }: Stage, { id }: Comment): string => `c:${github.repository.id}:${id}`

/** What a command has come to so far. */
export const fateOf = (stage: Stage, comment: Comment): readonly Fate[] => byLine(stage, keyOf(stage, comment))

/** Waits until everything that the delivery of this key asked for has come to its end. */
export async function fate(stage: Stage, key: string, seconds = 30): Promise<readonly Fate[]> {
  const isDone = (): boolean => {
    const found = byLine(stage, key)
    if (found.length > 0) return found.every(({ ended_at }) => ended_at !== null)
    // Nobody has stored it, or it was read and asked for no deployment.
    return stage.rows(`select 1 from delivery where (key = ?1 or key like ?1 || ':%') and handled_at is null`, key).length === 0
  }
  await eventually(isDone, seconds)
  return byLine(stage, key)
}

/** Every delivery was read, and every deployment has ended or waits for something. */
export function comesToRest(stage: Stage, seconds = 30): Promise<boolean> {
  const left = `select 1 from delivery where handled_at is null union all select 1 from deployment where ended_at is null and state <> 'waiting'`
  return eventually(() => stage.rows(left).length === 0, seconds)
}

/** Somebody comments, GitHub delivers it and all else that waits, and it comes to its end. */
export async function asks(stage: Stage, who: Person, text: string, on: Issue = stage.pull, seconds = 30): Promise<string> {
  const comment = who.comments(on, text)
  await stage.delivers()
  return inWords(await fate(stage, keyOf(stage, comment), seconds))
}

/** The same for a label; any word of it comes with the number of the pull request in its key. */
export const labelKey = ({ github }: Stage, { number }: Issue): string => `l:${github.repository.id}:${number}`

/** GitHub says something that its simulator cannot be brought to say: the body of that delivery changed, and signed as GitHub would. */
export function changed(stage: Stage, delivery: Delivery, change: (body: string) => string): Pick<Delivery, 'body' | 'headers'> {
  const body = change(delivery.body)
  const headers = { ...delivery.headers, 'x-hub-signature-256': sign(body, stage.github.webhookSecret), 'x-github-delivery': randomUUID() }
  return { body, headers }
}

/** A delivery of another event than the simulator has, around the parts of a real one. */
export function event(stage: Stage, name: string, payload: object): Pick<Delivery, 'body' | 'headers'> {
  const body = JSON.stringify(payload)
  const headers = {
    'content-type': 'application/json',
    'x-github-event': name,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': sign(body, stage.github.webhookSecret),
  }
  return { body, headers }
}

/** A pull request of its own, hours old: so its head is older than anything that is said on it. */
export async function pullRequest(stage: Stage, who: Person, branch: string): Promise<Issue> {
  let pull: Issue | null = null
  await stage.ago(3 * 3_600_000, () => {
    pull = who.opensPullRequest({ branch })
  })
  return pull!
}

/** The next deployment comes no further than its first layer until it is let go; those that wait behind it go on. */
export function holdsUp(grounds: Grounds): { readonly isHeld: () => Promise<boolean>; letsGo(): void } {
  const held = Promise.withResolvers<void>()
  const isApplying = (): boolean => grounds.rows(`select 1 from deployment where state = 'applying'`).length > 0
  let isHolding = false
  grounds.registry.quirks.pause = async () => {
    if (isHolding || !isApplying()) return
    isHolding = true
    // So that an attempt that fails on the way still comes to its end.
    await Promise.race([held.promise, new Promise((resolve) => setTimeout(resolve, 60_000).unref())])
  }
  return { isHeld: () => eventually(isApplying), letsGo: () => held.resolve() }
}

export interface Files {
  /** Rules by the environment's name, without target and settings. */
  readonly environments: Readonly<Record<string, object>>
  readonly tag?: string
  readonly app?: object
}

/** `.github/deploy.yml` with these environments, each on a site of its own; JSON is YAML. */
export const deployYml = ({ registry }: Grounds, { environments, tag = '1.2', app = {} }: Files): string =>
  JSON.stringify({
    version: 1,
    app: 'shop',
    images: { main: { repository: registry.name('acme/shop'), tag } },
    default: Object.keys(environments)[0],
    environments: Object.fromEntries(
      Object.entries(environments).map(([name, rules]) => [name, { target: name, settings: { path: '/site' }, ...rules }]),
    ),
    ...app,
  })

/** What the site of that environment serves, once it serves anything. */
export async function serves({ gantry }: Grounds, environment: string): Promise<string> {
  const [, url = ''] = await gantry.says(new RegExp(`"target":"${environment}","url":"(http:[^"]+)"`))
  return (await fetch(url)).text()
}

/** The same, and an operator file that has those sites; the process starts anew with it. */
export async function isSetUp(grounds: Grounds, files: Files): Promise<void> {
  const { github, registry, folder } = grounds
  github.has('.github/deploy.yml', deployYml(grounds, files))
  const allow = [{ repository: 'acme/shop', id: github.repository.id, environments: ['*'], images: [registry.name('acme/*')] }]
  const targets = Object.fromEntries(Object.keys(files.environments).map((name) => [name, { kind: 'static', listen: '127.0.0.1:0', allow }]))
  writeFileSync(join(folder, 'gantry.yml'), JSON.stringify({ version: 1, targets }))
  await grounds.gantry.stops()
  await grounds.starts()
}
