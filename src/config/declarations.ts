import type { Declaration, Kept } from '../deploy/declaration.ts'
import type { Problem } from '../errors.ts'
import { problemOf } from './finding.ts'
import type { Keychains, Operator, ReadSecret, TargetKinds } from './operator.ts'
import { interpret, valueOf } from './operator-reader.ts'
import { isSecretGiven } from './operator-schema.ts'

/** What the operator file declares goes first. What this version cannot read of the rest is left out: it was read when it was put there. */
export function withKept(operator: Operator, kept: readonly Kept[], kinds: TargetKinds, keychains: Keychains): Operator {
  const [credentials, targets, unused] = [new Map(operator.credentials), new Map(operator.targets), [...operator.unused]]
  const reading = { kinds, readSecret: () => undefined, keychains, credentials: [...credentials.keys(), ...credentialsAmong(kept)], isSealed: true }
  for (const one of kept) {
    const { kind, name } = one
    const isShadowed = (kind === 'credential' ? operator.credentials : operator.targets).has(name)
    const read =
      isShadowed || 'why' in one ? null : interpret(JSON.stringify({ version: 1, [`${kind}s`]: { [name]: JSON.parse(one.json) } }), reading)
    for (const [own, declared] of read?.operator.credentials ?? []) credentials.set(own, declared)
    for (const [own, declared] of read?.operator.targets ?? []) targets.set(own, declared)
    const trouble = isShadowed ? 'the operator file declares another one of this name' : 'why' in one ? one.why : read?.findings[0]?.message
    if (trouble !== undefined) unused.push({ kind, name, why: trouble })
  }
  return { ...operator, credentials, targets, unused }
}

/** Their names: a target may use what cannot be read now. */
export const credentialsAmong = (kept: readonly Kept[]): readonly string[] => kept.filter(({ kind }) => kind === 'credential').map(({ name }) => name)

/** What a file of the operator file's form declares, ready to be kept: its secrets are read now. Throws nothing; what is wrong is the problem. */
export function readDeclarations(
  text: string,
  kinds: TargetKinds,
  readSecret: ReadSecret,
  keychains: Keychains,
  credentials: readonly string[],
): { readonly declarations: readonly Declaration[]; readonly operator: Operator } | { readonly problem: Problem } {
  const { operator, findings, document } = interpret(text, { kinds, readSecret, keychains, credentials, isSealed: false })
  const problem = problemOf(findings, () => 'OPERATOR_FILE_INVALID', 'the file')
  if (problem !== null || document === null) return { problem: problem as Problem }
  const sealed = (declared: unknown): string => JSON.stringify(withValues(declared, readSecret))
  const of = (kind: Declaration['kind'], all: object): readonly Declaration[] =>
    Object.entries(all).map(([name, declared]) => ({ kind, name, json: sealed(declared) }))
  return { declarations: [...of('credential', document.credentials), ...of('target', document.targets)], operator: { ...operator, text } }
}

function withValues(value: unknown, readSecret: ReadSecret): unknown {
  if (isSecretGiven(value, false)) return { sealed: valueOf(value, readSecret) }
  if (Array.isArray(value)) return value.map((item) => withValues(item, readSecret))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withValues(inner, readSecret)]))
}

/** Every secret in it, for whoever hides them. */
export function secretsIn(kept: Kept): readonly string[] {
  const found: string[] = []
  if ('json' in kept)
    JSON.parse(kept.json, (_, value: unknown) => {
      if (isSecretGiven(value, true) && 'sealed' in value) found.push(value.sealed)
      return value
    })
  return found
}
