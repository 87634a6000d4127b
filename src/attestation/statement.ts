import * as z from 'zod'

/** The one kind of statement that says from what something was built. */
export const PROVENANCE = 'https://slsa.dev/provenance/v1'
const PAYLOAD = 'application/vnd.in-toto+json'

const shape = z.object({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
  predicate: z.unknown(),
})
export type Statement = z.infer<typeof shape>

/** An in-toto statement (in-toto.io/Statement/v1) out of a DSSE envelope; null for anything else. */
export function statementIn(envelope: { readonly payloadType: string; readonly payload: Uint8Array }): Statement | null {
  if (envelope.payloadType !== PAYLOAD) return null
  const json = parse(envelope.payload)
  return shape.safeParse(json).data ?? null
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return null
  }
}

/** Whether it speaks of this digest, `sha256:…`, among others perhaps. */
export function isAbout(statement: Statement, digest: string): boolean {
  const [algorithm = '', hex = ''] = digest.split(':')
  return hex !== '' && statement.subject.some((one) => one.digest[algorithm] === hex)
}

const built = z.object({
  buildDefinition: z.object({ resolvedDependencies: z.array(z.object({ uri: z.string(), digest: z.record(z.string(), z.string()).optional() })) }),
})

/** The commits that SLSA provenance names as its sources from that repository and ref (slsa.dev/spec/v1.0/provenance#ResourceDescriptor). */
export function commitsIn(statement: Statement, repository: string, ref: string): readonly string[] {
  const said = built.safeParse(statement.predicate).data?.buildDefinition.resolvedDependencies ?? []
  const sources = said.filter(({ uri }) => uri === `git+https://github.com/${repository}@${ref}`)
  return [...new Set(sources.map(({ digest }) => digest?.['gitCommit'] ?? 'none'))]
}
