export type Value = string | number | null | Uint8Array
export type Row = Record<string, Value>

/** The whole of what is asked of SQLite. Synchronous on purpose: `node:sqlite` and a Durable Object's storage both are. */
export interface Sql {
  all<R extends Row = Row>(query: string, ...params: Value[]): R[]
  /** All of it or nothing; durable when it returns. Not to be nested, and `work` must not be asynchronous. */
  transaction<T>(work: () => T): T
}

/**
 * The rows of repositories and those of accounts live apart: on Node one file holds both, on Workers each repository and each
 * account has an object of its own. Two types, so that no statement and no transaction can span them.
 */
export interface RepositorySql extends Sql {
  readonly holds?: 'repositories'
}
export interface AccountSql extends Sql {
  readonly holds?: 'accounts'
}
