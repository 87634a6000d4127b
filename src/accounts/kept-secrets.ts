import { isSecretGiven, withSecrets } from '../config/operator-schema.ts'
import type { Declaration } from '../deploy/declaration.ts'
import { canonical } from '../deploy/plan.ts'
import type { Json } from '../deploy/target.ts'
import { listed } from '../deploy/wording.ts'
import { problem, type Problem } from '../errors.ts'

/** `{ "kept": true }` in place of a secret: what is shown of a declaration can be changed and sent back. */

/**
 * They do not say where the secret goes that stands in the same declaration: whoever may not read it must not have that sent to themselves.
 * `credential` and `pulls` say which secret of another one a target is handed: of the account's own whoever declares its targets decides that.
 */
const FREE: ReadonlySet<string> = new Set(['allow', 'repositories', 'expires', 'pulls', 'credential', 'platform'])

/**
 * What was sent, with the secrets that are kept in their places. `kept`: null where there is nothing of that name. Only of
 * what is known to be the account's own: what the operator has put there might be used for more than it was put there for.
 */
export function withKeptSecrets(sent: unknown, kept: Declaration | null): { readonly document: unknown } | { readonly problem: Problem } {
  if (!keepsSecrets(sent)) return { document: sent }
  if (kept === null) return { problem: sendAgain('nothing of that name is kept') }
  if (kept.origin !== 'account') return { problem: sendAgain(notOwn(kept)) }
  const before: unknown = JSON.parse(kept.json)
  const other = changedKeys(
    withSecrets(sent, 'sent', () => MARK),
    withSecrets(before, 'sealed', () => MARK),
  )
  if (other.length > 0) return { problem: sendAgain(`another ${listed(other)}`) }
  return { document: filled(sent, before) }
}

const notOwn = ({ isConfined, origin }: Declaration): string =>
  isConfined === true && origin !== 'operator'
    ? 'what may be of whoever runs Gantry: it was kept before that was noted'
    : 'what whoever runs Gantry has put there'

const MARK = { kept: true }

const isMark = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kept' in value && value.kept === true && Object.keys(value).length === 1

/** Whether any of its secrets stays as it is. */
export function keepsSecrets(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return isMark(value) || Object.entries(value).some(([key, inner]) => key !== 'allow' && keepsSecrets(inner))
}

function changedKeys(one: unknown, other: unknown): readonly string[] {
  const [a, b] = [one, other] as Record<string, Json | undefined>[]
  const keys = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])
  return [...keys].filter((key) => !FREE.has(key) && canonical(a?.[key] ?? null) !== canonical(b?.[key] ?? null))
}

function filled(sent: unknown, before: unknown): unknown {
  if (isMark(sent)) return isSecretGiven(before, 'sealed') && 'sealed' in before ? { value: before.sealed } : sent
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return sent
  const there = (typeof before === 'object' && before !== null ? before : {}) as Record<string, unknown>
  return Object.fromEntries(Object.entries(sent).map(([key, inner]) => [key, key === 'allow' ? inner : filled(inner, there[key])]))
}

const sendAgain = (found: string): Problem =>
  problem('REQUEST_INVALID', {
    sentence: 'The secrets have to be given again.',
    found,
    wanted: `every secret anew, or nothing changed but ${listed(FREE)}`,
    next: 'Enter each secret again.',
  })
