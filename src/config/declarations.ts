import { declarationKey, isOwn, OPERATOR, type Declaration, type DeclarationName, type Kept } from '../deploy/declaration.ts'
import { problem, type Problem } from '../errors.ts'
import { inOrder, problemOf, type Finding } from './finding.ts'
import type { Keychains, Operator, ReadSecret, TargetKinds } from './operator.ts'
import { interpret, valueOf, type Reading } from './operator-reader.ts'
import { isSecretGiven, withSecrets, type SecretForm } from './operator-schema.ts'

export type ReadKept = (
  one: Declaration,
  reading: Pick<Reading, 'kinds' | 'keychains' | 'credentials' | 'isConfined' | 'isOwn'>,
) => Pick<ReturnType<typeof interpret>, 'operator' | 'findings'>

/** What comes of one that is kept. */
export const readKept: ReadKept = ({ account, kind, name, json }, reading) =>
  interpret(JSON.stringify({ version: 1, [`${kind}s`]: { [name]: JSON.parse(json) } }), {
    ...reading,
    ...{ account, readSecret: () => undefined, form: 'sealed' },
  })

/** What the operator file declares goes first. What this version cannot read of the rest is left out: it was read when it was put there. */
export function withKept(operator: Operator, kept: readonly Kept[], kinds: TargetKinds, keychains: Keychains, reads: ReadKept = readKept): Operator {
  const [credentials, targets, unused] = [new Map(operator.credentials), new Map(operator.targets), [...operator.unused]]
  for (const one of kept) {
    const { account, kind, name } = one
    const names = [...(account === OPERATOR ? operator.credentials.keys() : []), ...credentialsAmong(kept, account)]
    const isConfined = 'json' in one && one.isConfined === true && operator.accounts.get(account)?.mayUseMachine !== true
    const isShadowed = (kind === 'credential' ? operator.credentials : operator.targets).has(declarationKey(one))
    const read = isShadowed || 'why' in one ? null : reads(one, { kinds, keychains, credentials: names, isConfined, isOwn: isOwn(one) })
    for (const [own, declared] of read?.operator.credentials ?? []) credentials.set(own, declared)
    for (const [own, declared] of read?.operator.targets ?? []) targets.set(own, declared)
    const why = isShadowed ? 'the operator file declares another one of this name' : 'why' in one ? one.why : read?.findings[0]?.message
    if (why !== undefined) unused.push({ account, kind, name, why })
  }
  return { ...operator, credentials, targets, unused }
}

/** Their names in one account: a target may use what cannot be read now. */
export const credentialsAmong = (kept: readonly Kept[], account: Declaration['account']): readonly string[] =>
  kept.filter((one) => one.kind === 'credential' && one.account === account).map(({ name }) => name)

/** What a file of the operator file's form declares for an account, ready to be kept: its secrets are read now. Throws nothing; what is wrong is the problem. */
export function readDeclarations(
  text: string,
  account: Declaration['account'],
  kinds: TargetKinds,
  readSecret: ReadSecret,
  keychains: Keychains,
  credentials: readonly string[],
): { readonly declarations: readonly Declaration[]; readonly operator: Operator } | { readonly problem: Problem } {
  const { operator, findings, document } = interpret(text, { account, kinds, readSecret, keychains, credentials, form: 'referred' })
  const wrong = problemOf(findings, () => 'OPERATOR_FILE_INVALID', 'the file')
  if (wrong !== null || document === null) return { problem: wrong as Problem }
  const of = (kind: Declaration['kind'], all: object): readonly Declaration[] =>
    Object.entries(all).map(([name, declared]) => ({ account, kind, name, json: sealed(declared, 'referred', readSecret) }))
  return { declarations: [...of('credential', document.credentials), ...of('target', document.targets)], operator: { ...operator, text } }
}

/**
 * What an account's administrators sent for one name, ready to be kept, and as it would be used. `credentials`: those of the account, for a
 * target to name. Throws nothing; what is wrong is the problem.
 */
export function readSent(
  { account, kind, name }: DeclarationName,
  sent: unknown,
  { kinds, keychains, credentials, isConfined }: Pick<Reading, 'kinds' | 'keychains' | 'credentials'> & { readonly isConfined: boolean },
): { readonly declaration: Declaration; readonly operator: Omit<Operator, 'text'> } | { readonly problem: Problem } {
  const text = JSON.stringify({ version: 1, [`${kind}s`]: { [name]: sent } })
  const nothing = () => undefined
  const reading = { account, kinds, readSecret: nothing, keychains, credentials, form: 'sent', isConfined, isOwn: true } as const
  const { operator, findings, document } = interpret(text, reading)
  const [finding] = inOrder(findings)
  if (finding !== undefined || document === null) return { problem: notDeclared(finding) }
  const json = sealed((kind === 'credential' ? document.credentials : document.targets)[name], 'sent', nothing)
  return { declaration: { account, kind, name, json, isConfined: true, origin: 'account' }, operator }
}

/** No value is repeated, and no line: what was sent had others. */
const notDeclared = (finding: Finding | undefined): Problem =>
  problem('REQUEST_INVALID', {
    sentence: finding?.message ?? 'That declares nothing.',
    ...(finding?.path && { found: finding.path }),
    ...(finding?.wanted && { wanted: finding.wanted }),
    next: 'Correct it: it is written as below its name in gantry.yml, with { "value": TEXT } for each secret.',
  })

const sealed = (declared: unknown, form: SecretForm, readSecret: ReadSecret): string =>
  JSON.stringify(withSecrets(declared, form, (given) => ({ sealed: valueOf(given, readSecret) })))

/** Every secret in it, for whoever hides them. */
export function secretsIn(kept: Kept): readonly string[] {
  const found: string[] = []
  if ('json' in kept)
    JSON.parse(kept.json, (_, value: unknown) => {
      if (isSecretGiven(value, 'sealed') && 'sealed' in value) found.push(value.sealed)
      return value
    })
  return found
}
