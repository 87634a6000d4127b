import { partIn, partName, type Part } from '../../store/moving/parts.ts'
import type { StoredPart } from '../../store/moving/parts-manifest.ts'
import type { DurableSql } from './durable-sql.ts'
import { lazily } from './own-rows.ts'

/** A backup that is being made. */
export interface Turn {
  readonly madeAt: number
  /** Before that nothing of it is tried again (milliseconds). */
  readonly notBefore: number
}

/** In the operator's object: what a backup still has to do, so that it goes on wherever it broke off. */
export function createBackupRows(sql: DurableSql) {
  const turn = lazily(sql, 'backup_turn', 'only integer primary key check (only = 1), made_at integer not null, not_before integer not null')
  const parts = lazily(
    sql,
    'backup_part',
    'place text primary key, name text not null, bytes integer, hash text, failures integer not null default 0',
  )
  const end = (): void => {
    turn('delete from backup_turn')
    parts('delete from backup_part')
  }
  const add = (found: readonly Part[]): void => {
    for (const part of found) parts('insert into backup_part (place, name) values (?, ?) on conflict do nothing', placeOf(part), partName(part))
  }
  return {
    find: (): Turn | null =>
      turn<{ madeAt: number; notBefore: number }>('select made_at as madeAt, not_before as notBefore from backup_turn')[0] ?? null,
    /** Inside a transaction. */
    begin(madeAt: number, first: readonly Part[]): void {
      end()
      turn('insert into backup_turn (only, made_at, not_before) values (1, ?, 0)', madeAt)
      add(first)
    },
    /** Inside a transaction. */
    end,
    pause: (until: number): void => void turn('update backup_turn set not_before = ?', until),
    /** What is to be stored next; those that failed come last, and not more than `tries` times. */
    next: (count: number, tries: number): readonly Part[] =>
      parts<{ name: string }>(
        'select name from backup_part where hash is null and failures < ? order by failures, place limit ?',
        ...[tries, count],
      ).flatMap(({ name }) => partIn(name) ?? []),
    /** Those that are among it already stay as they are. */
    add,
    stored: (part: Part, { bytes, hash }: Omit<StoredPart, 'name'>): void =>
      void parts('update backup_part set bytes = ?, hash = ? where place = ?', bytes, hash, placeOf(part)),
    gone: (part: Part): void => void parts('delete from backup_part where place = ?', placeOf(part)),
    failed: (part: Part, tries: number): void => void parts('update backup_part set failures = failures + ? where place = ?', tries, placeOf(part)),
    all: (): readonly StoredPart[] => parts<Row>('select name, bytes, hash from backup_part where hash is not null order by place').map(storedIn),
    missing: (): readonly string[] =>
      parts<{ name: string }>('select name from backup_part where hash is null order by place').map(({ name }) => name),
  }
}

type Row = { name: string; bytes: number; hash: string }
const storedIn = ({ name, bytes, hash }: Row): StoredPart => ({ name, bytes, hash })

/** The operator's, then accounts, then repositories, each by their numbers. */
const placeOf = ({ kind, id }: Part): string => `${kind} ${String(id).padStart(15, '0')}`
