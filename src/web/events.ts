import type { Deployment } from '../deploy/deployment.ts'
import { steps as stepWords } from '../deploy/words.ts'
import { fingerprint } from './fingerprint.ts'
import { stamp, type DeploymentBody } from './view.ts'

/** What has been sent of a deployment: how many beginnings and ends of steps, how many lines, and which state it was in. */
export interface Place {
  readonly steps: number
  readonly lines: number
  readonly state: string
}

/** As an event's id. */
export const nameOf = ({ steps, lines, state }: Place): string => `${steps}-${lines}-${state}`

export const BEGINNING: Place = { steps: 0, lines: 0, state: '-' }

/** `Last-Event-ID` as we gave it; whatever else it is means the beginning. */
export function placeIn(id: string | undefined): Place {
  const [, steps, lines, state = ''] = /^(\d{1,6})-(\d{1,6})-([0-9a-f]{8}|-)$/.exec(id ?? '') ?? []
  return steps === undefined ? BEGINNING : { steps: Number(steps), lines: Number(lines), state }
}

/**
 * Server-Sent Events (html.spec.whatwg.org, "server-sent events") of what a deployment's record says and `sent` does not: nothing is kept for those who
 * listen, so that a stream goes on wherever it broke off, in another process too, without a gap and without anything twice. The state comes last,
 * as it is by then.
 */
export function eventsAfter(sent: Place, deployment: Deployment, body: DeploymentBody): { readonly text: string; readonly place: Place } {
  const parts: string[] = []
  let place = sent
  const say = (event: string, data: object, next: Partial<Place>): void => {
    place = { ...place, ...next }
    parts.push(`id: ${nameOf(place)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  for (const [index, step] of stepEvents(deployment).entries()) if (index >= sent.steps) say('step', step, { steps: index + 1 })
  for (const [index, line] of deployment.log.entries()) if (index >= sent.lines) say('log', { line }, { lines: index + 1 })
  const state = fingerprint(JSON.stringify([body.state, body.wait, body.problem?.code ?? null]))
  if (state !== sent.state) say('state', body, { state })
  return { text: parts.join(''), place }
}

/** Only ever more of them: a step begins when the one before it has ended. */
function stepEvents(deployment: Deployment): object[] {
  const words = stepWords(deployment)
  return deployment.steps.flatMap(({ name, outcome, note, startedAt, endedAt }, index) => [
    { name, outcome: 'running', at: stamp(startedAt) },
    ...(endedAt === null ? [] : [{ name, words: words[index]?.word ?? name, outcome, note, at: stamp(endedAt) }]),
  ])
}
