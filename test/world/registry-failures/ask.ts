import { inspect } from 'node:util'
import { Failure, Refusal } from '../../../src/errors.ts'
import type { Problem } from '../../../src/errors.ts'
import type { RegistryClient } from '../../../src/registry/client.ts'
import { anonymous } from '../../../src/registry/credential.ts'
import type { Doors, FailureEvent } from '../../../src/registry/doors.ts'
import { preflight } from '../../../src/registry/preflight.ts'
import { parseReference } from '../../../src/registry/reference.ts'
import type { Reference } from '../../../src/registry/reference.ts'
import { clientUnderTest } from '../registry-client.ts'
import type { Question } from './cause.ts'
import { productFetch, productPublicFetch } from './lab.ts'

export interface Answered {
  /** Null where it worked. */
  readonly problem: Problem | null
  /** What the log was told. */
  readonly events: readonly FailureEvent[]
  /** All that is shown or written down of it anywhere, as one text: secrets are looked for in it. */
  readonly shown: string
  /** What was sent: `HEAD /v2/acme/shop/manifests/1.2`. */
  readonly asked: readonly string[]
}

const PULL_WITHIN = 10 * 60_000

/** Asks a client that has never been used. */
export async function ask(question: Question): Promise<Answered> {
  const reference = parseReference(question.image)
  if (reference instanceof Refusal) return { problem: reference.problem, events: [], shown: render(reference), asked: [] }
  const { client, asked, reports, doors } = clientUnderTest(question.rules, {
    fetch: productFetch,
    publicFetch: productPublicFetch,
    ...question.doors,
  })
  const said: unknown[] = []
  const ended = await answer(client, doors, reference, question, (line) => said.push(line)).catch((error: unknown) => error)
  if (ended instanceof Error && !(ended instanceof Failure)) throw ended
  const problem = ended instanceof Failure ? ended.problem : problemIn(ended)
  return { problem, events: reports, shown: render(ended, reports, said), asked }
}

async function answer(client: RegistryClient, doors: Doors, reference: Reference, question: Question, onStep: (line: string) => void) {
  const { credential = anonymous, family = null, wants = 'digest', platform = 'linux/amd64' } = question
  const asking = { credential: typeof credential === 'function' ? credential(client) : credential, family, onStep }
  if (wants === 'digest') return client.resolve(reference, asking)
  if (wants === 'platform') return client.resolve(reference, { ...asking, platform })
  if (wants === 'layers') {
    const [layer] = await client.layers(`${reference.registry}/${reference.repository}`, reference.digest!, { ...asking, platform })
    return new Response(await layer?.open()).arrayBuffer()
  }
  const target = question.onlyFrom === undefined ? {} : { onlyFrom: question.onlyFrom }
  return preflight(client, doors, reference, { ...asking, ...target, as: 'credential stored', platform, pullWithin: PULL_WITHIN })
}

/** Of a preflight, what failed. */
function problemIn(ended: unknown): Problem | null {
  if (typeof ended !== 'object' || ended === null || !('rows' in ended)) return null
  return (ended as Awaited<ReturnType<typeof preflight>>).rows.find(({ outcome }) => outcome === 'failed')?.problem ?? null
}

/** In every way that a program prints things by accident. */
const render = (...values: readonly unknown[]): string =>
  values
    .flatMap((value) => [
      String(value),
      JSON.stringify(value),
      inspect(value, { depth: 20, showHidden: true }),
      value instanceof Error ? value.stack : '',
    ])
    .join('\n')
