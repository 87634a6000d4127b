import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Administration } from '../deploy/administration.ts'
import type { Clock } from '../deploy/clock.ts'
import type { Directory } from '../deploy/directory.ts'
import type { Mask } from '../deploy/mask.ts'
import type { History } from '../deploy/journal.ts'
import type { Service } from '../deploy/service.ts'
import { didYouMean, quoted } from '../deploy/wording.ts'
import type { Failure } from '../errors.ts'
import type { Administrators } from './administrators.ts'
import type { Caller } from './caller.ts'
import type { Callers } from './callers.ts'
import type { Live } from './live.ts'
import type { Shown } from './shown.ts'
import { trialSchema } from './trials.ts'
import { problemSchema, type ViewDoors } from './view.ts'

export interface ApiDoors extends ViewDoors {
  readonly service: Service
  readonly history: History
  readonly directory: Directory
  readonly administration: Administration
  readonly clock: Clock
  readonly mask: Mask
  /** Unguessable: at least 128 random bits, `[0-9a-z]`. */
  random(): string
  /** One-way, under a key of this process: what a token is remembered by. */
  hash(text: string): string
  /** Logs a mistake of our own and answers with its number. */
  incident(error: unknown, about: string): string
  /** Logs what the outside world failed at. */
  trouble(failure: Failure, about: string): void
  /** Where the documentation is served; null where nobody knows the public address. */
  readonly docs: string | null
}

/** The same for the routes. */
export interface Asking extends ApiDoors {
  readonly callers: Callers
  readonly administrators: Administrators
  readonly shown: Shown
  readonly live: Live
}

export type Env = { Variables: { requestId: string; caller: Caller } }
export type Api = OpenAPIHono<Env>

/** One route: one file in `api/`, one line in `api/index.ts`. */
export type Endpoint = (api: Api, doors: Asking) => void

/** Unknown keys are refused, with the nearest one that is known. */
export const closed = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined
      const [key = ''] = issue.keys
      return `The key ${quoted(key)} is not known here.${didYouMean(key, Object.keys(shape))}`
    },
  })

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** Of a login and a name: `.` and `..` would be another place in an address of GitHub's. */
export const repositoryName = z
  .string()
  .regex(/^[\w-]{1,100}\/(?!\.{1,2}$)[\w.-]{1,100}$/, 'owner/name')
  .openapi({ example: 'acme/shop' })

const trials = z.array(trialSchema).openapi({ description: 'What was tried, where something was.' })
/** Every problem, whatever its status: `code` tells them apart. */
const problemDetails = z
  .object({ type: z.string(), title: z.string(), status: z.int(), ...problemSchema.shape, requestId: z.string(), trials: trials.optional() })
  .openapi('ProblemDetails')
export const PROBLEMS = { default: { description: 'What did not work.', content: { 'application/problem+json': { schema: problemDetails } } } }

export const BEARER = [{ github: [] }]
