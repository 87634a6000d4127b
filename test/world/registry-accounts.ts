/** Who may do what at a registry of the test world; `repositories` holds names and prefixes ending in `/*`. */
export interface Account {
  readonly name: string
  readonly password: string
  /** Exchanged for tokens by POST (OAuth2 refresh token). */
  readonly identity?: string
  readonly repositories: readonly string[]
}

export const allows = (repositories: readonly string[], repository: string): boolean =>
  repositories.some((one) => one === repository || (one.endsWith('/*') && repository.startsWith(one.slice(0, -1))))

/** The account behind `Authorization: Basic …`: undefined without that header, null for a wrong name or password. */
export function accountOf(authorization: string | undefined, accounts: readonly Account[]): Account | null | undefined {
  const [scheme = '', value = ''] = authorization?.split(' ') ?? []
  if (scheme.toLowerCase() !== 'basic') return undefined
  const [name, ...password] = Buffer.from(value, 'base64').toString('utf8').split(':')
  return accounts.find((account) => account.name === name && account.password === password.join(':')) ?? null
}

export interface Access {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

/** What a token server grants of the `scope` parameters: a subset, which may be empty and is no error. */
export function grant(scopes: readonly string[], account: Account | null, open: readonly string[]): readonly Access[] {
  return scopes.flatMap((scope) => {
    const match = /^(repository):([^:]+):([a-z,]+)$/.exec(scope)
    if (!match) return []
    const [, type = '', name = '', wanted = ''] = match
    const actions = wanted.split(',').filter((action) => (account && allows(account.repositories, name)) || (action === 'pull' && allows(open, name)))
    return actions.length === 0 ? [] : [{ type, name, actions }]
  })
}
