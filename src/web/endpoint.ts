import { OpenAPIHono } from '@hono/zod-openapi'
import * as z from 'zod'
import type { Administration } from '../deploy/administration.ts'
import type { Mask } from '../deploy/mask.ts'
import type { History } from '../deploy/journal.ts'
import type { Service } from '../deploy/service.ts'
import { didYouMean, quoted } from '../deploy/wording.ts'
import type { Failure } from '../errors.ts'
import type { Administrators } from './administrators.ts'
import type { Caller } from './caller.ts'
import type { CallerDoors, Callers } from './callers.ts'
import { PROBLEM_DETAILS } from './examples.ts'
import type { Live } from './live.ts'
import type { Shown } from './shown.ts'
import { trialSchema } from './trials.ts'
import { problemSchema, type ViewDoors } from './view.ts'

export interface ApiDoors extends ViewDoors, CallerDoors {
  readonly service: Service
  readonly history: History
  readonly administration: Administration
  readonly mask: Mask
  /** Unguessable: at least 128 random bits, `[0-9a-z]`. */
  random(): string
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

/** `headers`: what this request's answer has beside its own. `whole`: the answer that has them already. */
export interface Env {
  /** Under which the caller's requests are counted; null where nobody knows it. */
  Bindings: { readonly address: string | null }
  Variables: { requestId: string; caller: Caller; headers: Record<string, string>; whole?: Response }
}
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

/** `example`: where the schema's own shows another moment. */
export const json = <Schema extends z.ZodType>(schema: Schema, description: string, example?: object) => ({
  description,
  content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
})

/** Of a login and a name: `.` and `..` would be another place in an address of GitHub's. */
export const repositoryName = z
  .string()
  .regex(/^[\w-]{1,100}\/(?!\.{1,2}$)[\w.-]{1,100}$/, 'owner/name')
  .openapi({ example: 'acme/shop', description: 'A repository with the App on it, as `owner/name`.' })

const trials = z.array(trialSchema).describe('What was tried, where something was.')
/** Every problem, whatever its status: `code` tells them apart. */
const problemDetails = z
  .object({
    type: z.string().describe('The address of the paragraph on this code; `about:blank` where nobody has said what address Gantry has.'),
    title: z.string().describe('The code in words.'),
    status: z.int().min(400).max(599).describe('That of the answer.'),
    ...problemSchema.shape,
    requestId: z.string().describe('Names the request, also in the log.'),
    trials: trials.optional(),
  })
  .openapi('ProblemDetails', { example: PROBLEM_DETAILS })
export const PROBLEMS = {
  default: {
    description: 'Any other problem: what the gates say, in the same form.',
    content: { 'application/problem+json': { schema: problemDetails } },
  },
}

export const BEARER = [{ bearer: [] }]
