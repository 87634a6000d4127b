import { Random } from '../world/random.ts'
import { give } from '../world/github/population.ts'
import type { Delivery } from '../world/github/webhooks.ts'
import type { Issue } from '../world/github/state.ts'
import { PLACES, workloadOf, type Home, type Place, type WorkersStage } from '../world/workers-stage.ts'

/** A command in an issue of its own, so that whatever is said there is its answer. */
export interface Asked {
  /** The round that it was asked in. */
  readonly nth: number
  readonly home: Home
  readonly issue: Issue
  readonly isDeploy: boolean
  readonly delivery: Delivery
}

/** What whoever wrote them down knows of the credentials: `unknown` where a change was sent and never answered. */
export type Believed = Map<string, 'there' | 'absent' | 'unknown'>

const VERSIONS = 5
const LOOKS = 2
const CREDENTIALS = 3
/** Changes of one credential in one round; people may make 60 a minute. */
const CHANGES = 8

export async function withVersions(stage: WorkersStage): Promise<void> {
  for (let version = 0; version < VERSIONS; version++) await stage.registry.has(`acme/shop:${version}`, { 'index.html': `version ${version}` })
}

/** In every repository one deployment and two questions, by somebody who has asked for nothing yet. Nothing is sent. */
export function asks({ github, homes }: WorkersStage, nth: number): Asked[] {
  const writer = github.joins(`writer-${nth}`)
  return homes.flatMap((home) => {
    give(home.repository, writer.account, 'write')
    const words = [`/deploy ${placeOf(nth)} :${nth % VERSIONS}`, ...Array.from({ length: LOOKS }, () => '/status')]
    return words.map((text, index) => {
      const issue = writer.at(home.repository).opensIssue()
      writer.at(home.repository).comments(issue, text)
      return { nth, home, issue, isDeploy: index === 0, delivery: github.webhooks.last('issue_comment') }
    })
  })
}

const placeOf = (nth: number): Place => PLACES[nth % PLACES.length]!

/** In that repository the workload that the round deploys, and the digest that runs there in the end. */
export const workloadIn = ({ repository }: Home, nth: number): string => workloadOf(repository.name, placeOf(nth))
export const digestOf = (stage: WorkersStage, nth: number): string => stage.registry.digestOf(`acme/shop:${nth % VERSIONS}`)

/** An administrator puts and removes credentials, each again as soon as it has its answer, until nobody answers. How many were answered. */
export async function changesCredentials(
  { stage, nth, random }: { readonly stage: WorkersStage; readonly nth: number; readonly random: Random },
  believed: Believed,
  refused: (what: string) => void,
): Promise<number> {
  let acknowledged = 0
  const calls = stage.calls(administrator(stage, `administrator-${nth}`))
  const change = async (name: string, isPut: boolean): Promise<boolean> => {
    const path = `/config/acme/credentials/${name}`
    const login = { registry: 'registry.example.com', repositories: ['acme/*'], username: name, password: { value: `password of round ${nth}` } }
    const before = believed.get(name) ?? 'absent'
    believed.set(name, 'unknown')
    const answer = await (isPut ? calls('PUT', `${path}?untested=true`, login) : calls('DELETE', path)).catch(() => null)
    if (answer === null) return false
    if (answer.status === 200 || answer.status === 201) {
      acknowledged++
      believed.set(name, isPut ? 'there' : 'absent')
    } else {
      if (answer.status < 500) believed.set(name, answer.status === 404 ? 'absent' : before)
      refused(`${isPut ? 'PUT' : 'DELETE'} of a credential: ${answer.status} ${JSON.stringify(answer.body)}`)
    }
    return true
  }
  const chain = async (name: string): Promise<void> => {
    for (let done = 0; done < CHANGES; done++) {
      const isThere = believed.get(name) === 'there'
      if (!(await change(name, !isThere || random.chance(0.5)))) return
    }
  }
  await Promise.all(Array.from({ length: CREDENTIALS }, (_, index) => chain(`own-${index}`)))
  return acknowledged
}

/** The names of those that the API lists; null where nobody answers. */
export async function listed(stage: WorkersStage, nth: number, refused: (what: string) => void): Promise<ReadonlySet<string> | null> {
  const calls = stage.calls(administrator(stage, `reader-${nth}`))
  const answer = await calls('GET', '/config/acme/credentials').catch(() => null)
  if (answer === null) return null
  const { credentials } = answer.body as { readonly credentials?: readonly { readonly name: string }[] }
  if (credentials === undefined) refused(`credentials are not listed: ${answer.status} ${JSON.stringify(answer.body)}`)
  return credentials === undefined ? null : new Set(credentials.map(({ name }) => name))
}

function administrator({ github }: WorkersStage, login: string) {
  const person = github.joins(login)
  github.member(person, 'admin')
  return person
}
