import type { AccountSql } from './sql.ts'

/** The id of this installation of Gantry, made with its first start: a GitHub Deployment that carries another one is another Gantry's. */
export function instanceId(sql: AccountSql, random: () => string): string {
  sql.all('insert into instance (only, id) values (1, ?) on conflict do nothing', random())
  return sql.all<{ id: string }>('select id from instance')[0]?.id ?? ''
}
