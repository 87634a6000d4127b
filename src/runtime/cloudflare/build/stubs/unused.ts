// Stands in the Worker's bundle for parts of packages that Gantry never uses on any machine.

/** `&eacute;` stays as it is written: of a comment's Markdown only the places of its texts are read (`prose-lines.ts`). */
export const decodeNamedCharacterReference = (): false => false

/** It is named where it is switched off. */
export const attention = { name: 'attention' }

/** Of zod: values that hold themselves, which nothing that comes as JSON or YAML does. */
export const memoizer = (): undefined => undefined

/** Of zod, beside its sixty languages. */
const unused = undefined
export {
  unused as INVALID,
  unused as compile,
  unused as fromJSONSchema,
  unused as withParser,
  unused as ZodCompileAsyncError,
  unused as ZodCompileUnsupportedError,
}
