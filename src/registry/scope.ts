/** What a token allows: `repository:acme/shop:pull` (distribution token specification, "Resource scope grammar"). */
export interface Scope {
  readonly type: string
  /** May hold colons (`host:5000/name`). */
  readonly name: string
  readonly actions: readonly string[]
}

export const pullScope = (repository: string): Scope => ({ type: 'repository', name: repository, actions: ['pull'] })

/** Reads the scopes of a challenge, separated by spaces. What is no scope (some registries send `*`) is left out. */
export function parseScopes(text: string): readonly Scope[] {
  return mergeScopes(text.split(/\s+/).flatMap((part) => parseScope(part) ?? []))
}

/** The union: one scope per type and name, actions sorted, `*` absorbing the others; in the order first seen. */
export function mergeScopes(scopes: readonly Scope[]): readonly Scope[] {
  const merged = new Map<string, Scope>()
  for (const scope of scopes) {
    const key = `${scope.type}:${scope.name}`
    const actions = new Set([...(merged.get(key)?.actions ?? []), ...scope.actions])
    merged.set(key, { ...scope, actions: actions.has('*') ? ['*'] : [...actions].toSorted() })
  }
  return [...merged.values()]
}

export const formatScope = (scope: Scope): string => `${scope.type}:${scope.name}:${scope.actions.join(',')}`

/** One text for equal sets of scopes, whatever order a registry names them in. */
export const canonicalScopes = (scopes: readonly Scope[]): string => mergeScopes(scopes).map(formatScope).toSorted().join(' ')

/** Whether `held` allows everything that `wanted` does. */
export const covers = (held: readonly Scope[], wanted: readonly Scope[]): boolean => canonicalScopes([...held, ...wanted]) === canonicalScopes(held)

/** By the first and the last colon, because the name may hold others. */
function parseScope(text: string): Scope | null {
  const first = text.indexOf(':')
  const last = text.lastIndexOf(':')
  if (first < 1 || last <= first + 1 || last === text.length - 1) return null
  return { type: text.slice(0, first), name: text.slice(first + 1, last), actions: text.slice(last + 1).split(',') }
}
