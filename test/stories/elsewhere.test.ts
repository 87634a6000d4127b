import type { Shared } from '../../src/assemble.ts'
import type { NumberedEntry } from '../../src/deploy/administration.ts'
import { createLimits } from '../../src/deploy/limits.ts'
import { problem } from '../../src/errors.ts'
import { newId } from '../../src/runtime/entropy.ts'
import { createApiTokens } from '../../src/store/api-tokens.ts'
import { createCaughtUp } from '../../src/store/caught-up.ts'
import { createClaims } from '../../src/store/claims.ts'
import { createLimitRows } from '../../src/store/limits.ts'
import { createSessions } from '../../src/store/sessions.ts'
import type { Sql } from '../../src/store/sql.ts'
import { expect, story } from '../story.ts'
import { MAC } from '../world/mac.ts'
import { memoryDatabase } from '../world/memory-sql.ts'
import { GANTRY } from '../world/visit.ts'
import { FOUR_EYES } from '../world/world.ts'

// On Workers accounts are kept by others than repositories are: nothing of theirs is written here, and every answer is a while away.

const far = <Port extends object>(port: Port): Port =>
  Object.fromEntries(
    Object.entries(port).map(([name, method]: [string, (...asked: unknown[]) => unknown]) => [
      name,
      async (...asked: unknown[]) => {
        await new Promise(setImmediate)
        return method(...asked)
      },
    ]),
  ) as Port

const RECORD: NumberedEntry = {
  at: 0,
  by: null,
  action: 'refused',
  subject: 'kept elsewhere',
  before: null,
  after: null,
  why: null,
  request: null,
  number: 1,
}

const kept =
  (sql: Sql) =>
  (here: Shared): Shared => {
    const limits = createLimits({ rows: createLimitRows(sql), clock: { now: () => 0, after: () => () => {} }, trouble: () => {} })
    return {
      ...here,
      claims: far(createClaims(sql)),
      sessions: far(createSessions(sql, { mac: MAC, random: newId })),
      apiTokens: far(createApiTokens(sql, { mac: MAC, random: newId })),
      limits: far(limits),
      caughtUp: far(createCaughtUp(sql)),
      overview: far(here.overview),
      repositoryAudit: async () => [RECORD],
      mayApprove: async () => problem('APPROVAL_NOT_ALLOWED', { sentence: 'Somebody else says no.', next: 'Nothing.' }),
    }
  }

const TABLES = ['workload_claim', 'session', 'api_token', 'caught_up', 'account_audit'] as const
const rowsIn = (sql: Sql): Record<string, number> =>
  Object.fromEntries(TABLES.map((table) => [table, sql.all<{ n: number }>(`select count(*) as n from ${table}`)[0]?.n ?? 0]))

const account = memoryDatabase()

story.once(
  'what belongs to an account is asked for where it is kept, and is not written here',
  async ({ ada, grace, bot, github, registry, world }) => {
    await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
    github.has('.github/deploy.yml', FOUR_EYES)
    await ada.comments('/deploy production :1.2')
    bot.isHeard()
    world.life.gantry.bot.catchUp()
    await world.settle()

    const made = { name: 'ci', repositories: 'all', environments: ['*'], actions: ['read'], days: 1 }
    const { body } = await grace.calls('POST', '/config/acme/tokens', made)
    const listed = () => world.calls('GET', '/deployments?repository=acme/shop', undefined, { authorization: `Bearer ${body.token}` })
    expect((await listed()).status).toBe(200)
    expect((await grace.calls('DELETE', '/config/acme/tokens/ci')).status).toBe(200)
    expect((await grace.calls('DELETE', '/config/acme/tokens/ci')).body.code).toBe('TOKEN_UNKNOWN')
    expect((await listed()).status).toBe(401)
    expect((await grace.calls('GET', '/config/acme/audit?repository=acme/shop')).body.records).toMatchObject([{ subject: 'kept elsewhere' }])

    expect((await grace.browser.signsIn('/')).says()).toContain('production')
    expect((await grace.browser.opens('/approvals')).says()).toContain('You may not approve it: Somebody else says no.')
    await grace.browser.presses('Sign out')
    expect((await grace.browser.opens('/approvals')).status).toBe(401)

    await ada.comments('/cancel')
    bot.isHeard()
    expect(rowsIn(account)).toEqual({ workload_claim: 1, session: 0, api_token: 1, caught_up: 1, account_audit: 2 })
    // The operator file, which whoever starts the process has noted.
    expect(rowsIn(world.disk)).toEqual({ workload_claim: 0, session: 0, api_token: 0, caught_up: 0, account_audit: 1 })
  },
  { url: GANTRY, shares: kept(account) },
)

story.once(
  'whoever asks for too much hears of it from where they are counted',
  async ({ ada, bot }) => {
    await ada.comments('/deploy nowhere')
    expect(bot.says()).toContain('More was asked for in your name than fits.')
  },
  {
    shares: (here) => ({
      ...here,
      limits: { take: async () => 1, takeAll: async () => ({ name: 'change', wait: 1_000 }), giveBack: async () => {} },
    }),
  },
)
