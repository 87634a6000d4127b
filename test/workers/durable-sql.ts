import type { Row, Sql, Value } from '../../src/store/sql.ts'

/** A Durable Object's storage, inside it. */
export function sqlOver(storage: DurableObjectStorage): Sql {
  return {
    all: <R extends Row>(query: string, ...params: Value[]) =>
      storage.sql
        .exec(query, ...params)
        .toArray()
        .map(
          (row) =>
            Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof ArrayBuffer ? new Uint8Array(value) : value])) as R,
        ),
    transaction: (work) => storage.transactionSync(work),
  }
}
