import { z } from 'zod'
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
export function keysOfEach(key: 'images' | 'environments'): string[] {
  const record = bare(repositorySchema.shape[key])
  if (!(record instanceof z.ZodRecord)) throw new Error(`${key} is no record`)
  return keysOf(record.valueType)
}
