// Stands in the Worker's bundle for parts of packages that Gantry never uses on any machine: 90 KB of it, compressed.

/** The queues of Octokit's throttle and retries, which are switched off (`createProbot`). */
export default undefined

/** `octokit.rest`: Gantry names each route, and `own-calls.ts` says which. */
export const restEndpointMethods = (): object => ({})
export const legacyRestEndpointMethods = (): object => ({})

/** `&eacute;` stays as it is written: of a comment's Markdown only the places of its texts are read (`prose-lines.ts`). */
export const decodeNamedCharacterReference = (): false => false

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
