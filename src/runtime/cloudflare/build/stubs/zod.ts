// Stands in the Worker's bundle for zod: all of it, but for the object of all of it, by which nothing can be left out.
import { ZodType } from 'zod/v4'

export * from 'zod/v4'
/** What `@hono/zod-openapi` takes of it. */
export const z = { ZodType }
