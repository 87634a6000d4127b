import { createWeb } from '../../src/web/app.ts'
import type { SiteDoors } from '../../src/web/visit.ts'
import type { Description, Operation } from '../world/api-fuzz/description.ts'
import { Time } from '../world/time.ts'

/** What `/openapi.json` answers, of an API that nobody stands behind. */
export async function publishedDocument(): Promise<Description> {
  const doors = {
    ...{ directory: {}, service: { onChange: () => {} }, clock: new Time(async () => {}) },
    ...{
      random: () => '0'.repeat(32),
      mask: (text: string) => text,
      docs: null,
      issuer: null,
      assets: { style: '', script: '', files: [] },
      origin: null,
    },
  } as unknown as SiteDoors
  const answer = await createWeb(doors).fetch(new Request('https://gantry.example/openapi.json'))
  return (await answer.json()) as Description
}

export interface Route {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

export const routesOf = ({ paths }: Description): readonly Route[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
