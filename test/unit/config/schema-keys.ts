import * as z from 'zod'
import { accountSchema } from '../../../src/config/account-schema.ts'
import { repositorySchema } from '../../../src/config/repository-schema.ts'

type Schema = z.core.$ZodType

/** What stands behind defaults and `may be missing`. */
const bare = (schema: Schema): Schema =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? bare(schema.unwrap()) : schema

/** Every key below a schema: `allow.any`, `freeze` (whose items are the row's own affair). */
function keysOf(schema: Schema): string[] {
  const inner = bare(schema)
  if (!(inner instanceof z.ZodObject)) return ['']
  return Object.entries(inner.shape as Record<string, Schema>).flatMap(([key, value]) =>
    keysOf(value).map((rest) => (rest === '' ? key : `${key}.${rest}`)),
  )
}

/** What may be said of the things that a record has by name. */
export const keysOfEach = (key: 'images' | 'environments'): string[] => keysIn(repositorySchema.shape[key])

/** What an account may demand of environments. */
export const keysOfDemands = (): string[] => keysIn(accountSchema.shape.environments)

function keysIn(schema: Schema): string[] {
  const record = bare(schema)
  if (!(record instanceof z.ZodRecord)) throw new Error('it is no record')
  return keysOf(record.valueType)
}
