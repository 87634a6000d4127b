import { statfsSync, statSync } from 'node:fs'
import type { Clock } from '../../deploy/clock.ts'
import { CODES } from '../../errors.ts'
import { accountFigures, repositoryFigures, type Oldest } from '../../store/figures.ts'
import { followNews, type News } from '../../store/news.ts'
import type { AccountSql, RepositorySql } from '../../store/sql.ts'
import { PARTS, type Readiness } from '../readiness.ts'
import type { Instruments } from './instruments.ts'
import { bear, NOBODY, OPEN, OTHER } from './values.ts'

export interface Sources {
  readonly repositories: RepositorySql
  readonly accounts: AccountSql
  /** The database's file. */
  readonly database: string
  /** Milliseconds between two backups; null where none are made. */
  readonly backupEvery: number | null
  /** Of webhooks that are stored. */
  readonly events: readonly string[]
  readonly readiness: Readiness
  readonly clock: Clock
}

/** Brings the instruments up to date: before each answer to Prometheus. */
export function collecting(instruments: Instruments, sources: Sources): () => Promise<void> {
  const { repositories, accounts, readiness, clock } = sources
  const news = followNews(repositories)
  const events = new Set(sources.events.map((name) => name.split('.')[0] ?? OTHER))
  bear(instruments, events)
  return async () => {
    const found = await readiness.look()
    for (const part of PARTS) instruments.ready.set({ part }, found[part] ? 1 : 0)
    try {
      sizes(instruments, sources.database)
      repositoryState(instruments, repositoryFigures(repositories, clock.now()))
      accountState(instruments, accountFigures(accounts, clock.now()), sources.backupEvery)
      tell(instruments, news(), events)
    } catch {
      // Without its database Gantry has this to tell above all.
      instruments.ready.set({ part: 'database' }, 0)
    }
  }
}

function repositoryState(to: Instruments, { open, overdue, unknown, deliveries, unsaid, drifts, locks }: ReturnType<typeof repositoryFigures>): void {
  for (const state of OPEN) {
    const { count, age } = open.get(state) ?? NONE
    to.open.set({ state }, count)
    to.openAge.set({ state }, age)
  }
  to.overdue.set(overdue)
  to.unknown.set(unknown)
  to.drifted.set(drifts.count)
  to.inbox.set(deliveries.count)
  to.inboxAge.set(deliveries.age)
  to.unsaid.set(unsaid.count)
  to.unsaidAge.set(unsaid.age)
  for (const by of ['person', 'gantry'] as const) {
    to.locks.set({ by }, locks[by].count)
    to.lockAge.set({ by }, locks[by].age)
  }
}

const NONE: Oldest = { count: 0, age: 0 }

function accountState(to: Instruments, { limited, caughtUp, backup }: ReturnType<typeof accountFigures>, every: number | null): void {
  to.limited.set(limited)
  // What never succeeded has failed since the start.
  to.caughtUp.set(caughtUp ?? process.uptime())
  to.backupInterval.set((every ?? 0) / 1000)
  to.backupAge.set(every === null ? 0 : (backup ?? process.uptime()))
}

function tell(to: Instruments, { requested, ended, refused, deliveries }: News, events: ReadonlySet<string>): void {
  for (const door of requested) to.requested.inc({ door })
  for (const { outcome, who, code, seconds, steps } of ended) {
    to.ended.inc({ outcome, who: who ?? NOBODY })
    to.seconds.observe({ outcome }, seconds)
    for (const { name, seconds: took } of steps) to.steps.observe({ step: name }, took)
    if (code !== null) to.problems.inc({ code: codeOf(code) })
  }
  for (const code of refused) to.problems.inc({ code: codeOf(code) })
  // GitHub signs the body, and not the header with the event's name.
  for (const { event, missed } of deliveries) to.deliveries.inc({ event: events.has(event) ? event : OTHER, how: missed ?? 'arrived' })
}

/** One of an older version may have been given up. */
const codeOf = (code: string): string => (code in CODES ? code : OTHER)

function sizes(to: Instruments, database: string): void {
  const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  to.database.set({ file: 'main' }, size(database))
  to.database.set({ file: 'wal' }, size(`${database}-wal`))
  const { bsize, blocks, bavail } = statfsSync(database)
  to.disk.set({ part: 'size' }, bsize * blocks)
  to.disk.set({ part: 'free' }, bsize * bavail)
}
