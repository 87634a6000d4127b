import type { Probot } from 'probot'
import * as z from 'zod'
import type { Clock } from '../deploy/clock.ts'
import { Failure, problem, type Problem } from '../errors.ts'
import { failureFrom, unexpectedAnswer } from './github-failure.ts'
import { within } from './patience.ts'

/** One thing that has to be so. */
export interface Finding {
  readonly what: string
  /** What was found, in a few words. */
  readonly note: string
  /** Null where it is as it should be. */
  readonly problem: Problem | null
  /** It works all the same. */
  readonly isWarning?: true
}

export interface Wanted {
  /** As `app.yml` asks for them. */
  readonly permissions: Readonly<Record<string, string>>
  readonly events: readonly string[]
  /** Where GitHub should send webhooks; null where nobody knows the public address. */
  readonly webhooks: string | null
}

const APP = 'GET /app'
const HOOK = 'GET /app/hook/config'
const INSTALLATIONS = 'GET /app/installations'
const levels = z.record(z.string(), z.string())
const app = z.object({ slug: z.string(), permissions: levels, events: z.array(z.string()) })
const hook = z.object({ url: z.string().optional(), content_type: z.string().optional(), insecure_ssl: z.union([z.string(), z.number()]).optional() })
const installations = z.array(
  z.object({ account: z.object({ login: z.string() }).nullable(), suspended_at: z.string().nullish(), permissions: levels }),
)

/** The App as GitHub knows it, beside what Gantry needs of it. Changes nothing, and throws nothing: what cannot be asked is a finding. */
export async function diagnoseApp(probot: Pick<Probot, 'auth'>, clock: Clock, wanted: Wanted): Promise<readonly Finding[]> {
  const ask = async <T>(route: string, shape: z.ZodType<T>) => {
    try {
      const octokit = await probot.auth()
      const { data, headers } = await within(clock, (signal) => octokit.request(route, { request: { signal } }))
      const read = shape.safeParse(data)
      if (!read.success) throw unexpectedAnswer(route, read.error)
      return { data: read.data, date: Date.parse(headers.date ?? '') }
    } catch (error) {
      throw failureFrom(error, route, clock.now())
    }
  }
  try {
    const { data: seen, date } = await ask(APP, app)
    const key = { what: 'GitHub accepts the App’s key', note: seen.slug, problem: null }
    const findings = [key, clockFinding(date, clock.now()), ...permissionFindings(seen.permissions, wanted), eventsFinding(seen.events, wanted)]
    const config = (await ask(HOOK, hook)).data
    const all = (await ask(INSTALLATIONS, installations)).data
    return [...findings, webhookFinding(config, wanted), ...installationFindings(all, seen.permissions)]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [{ what: 'GitHub answers, and accepts the App’s key', note: '', problem: error.problem }]
  }
}

const MOST_SKEW = 60_000

function clockFinding(date: number, now: number): Finding {
  const skew = Number.isNaN(date) ? 0 : now - date
  const note = `${Math.round(Math.abs(skew) / 1000)} s ${skew < 0 ? 'behind' : 'ahead of'} GitHub’s`
  const what = 'The clock of this machine is right'
  if (Math.abs(skew) <= MOST_SKEW) return { what, note, problem: null }
  const details = {
    sentence: 'The clock of this machine is wrong.',
    found: note,
    wanted: 'at most a minute',
    next: 'Set the clock, and keep it with NTP.',
  }
  return { what, note, problem: problem('CLOCK_SKEW_LOCAL', details) }
}

const covers = (has: string | undefined, level: string): boolean => has === level || has === 'write' || has === 'admin'
const words = (all: Readonly<Record<string, string>>, names: readonly string[]): string =>
  names.map((name) => `${name}: ${all[name] ?? 'none'}`).join(', ')

function permissionFindings(has: Readonly<Record<string, string>>, { permissions: wanted }: Wanted): readonly Finding[] {
  const [what, note] = ['The App has the permissions that app.yml asks for', words(has, Object.keys(has))]
  const less = Object.keys(wanted).filter((name) => !covers(has[name], wanted[name] ?? ''))
  const more = Object.keys(has).filter((name) => wanted[name] === undefined || (has[name] === 'write' && wanted[name] === 'read'))
  const next = 'Change the permissions in the App’s settings on GitHub; every account then has to accept them.'
  if (less.length > 0) {
    const details = { sentence: 'The App has not all the permissions that Gantry needs.', found: words(has, less), wanted: words(wanted, less), next }
    return [{ what, note, problem: problem('APP_MISCONFIGURED', details) }]
  }
  const surplus = { sentence: 'The App may more than Gantry needs.', found: words(has, more), wanted: 'no more than app.yml asks for', next }
  return [
    { what, note, problem: more.length > 0 ? problem('APP_MISCONFIGURED', surplus) : null, ...(more.length > 0 && { isWarning: true as const }) },
  ]
}

function eventsFinding(has: readonly string[], { events }: Wanted): Finding {
  const missing = events.filter((event) => !has.includes(event))
  const [what, note] = ['GitHub sends the App the events that app.yml asks for', `${events.length - missing.length} of ${events.length}`]
  if (missing.length === 0) return { what, note, problem: null }
  const next = 'Subscribe to them in the App’s settings on GitHub, under “Permissions & events”.'
  return {
    what,
    note,
    problem: problem('APP_MISCONFIGURED', { sentence: 'GitHub does not send everything that Gantry listens to.', wanted: missing.join(', '), next }),
  }
}

function webhookFinding({ url = '', content_type: type, insecure_ssl: ssl }: z.infer<typeof hook>, { webhooks }: Wanted): Finding {
  const what = 'GitHub’s webhooks come here'
  const wrong = (sentence: string, found: string, wanted: string): Finding => ({
    ...{ what, note: '' },
    problem: problem('APP_MISCONFIGURED', { sentence, found, wanted, next: 'Correct it in the App’s settings on GitHub, under “Webhook”.' }),
  })
  if (url === '') return wrong('The App has no webhook, so that nobody is heard.', 'no address', webhooks ?? 'the public address of this Gantry')
  if (webhooks !== null && url !== webhooks) return wrong('GitHub’s webhooks go elsewhere.', hostOf(url), webhooks)
  if (type !== 'json') return wrong('GitHub’s webhooks come as a form, which is not read.', String(type), 'application/json')
  if (String(ssl ?? 0) !== '0') return wrong('GitHub does not check whom it sends webhooks to.', 'SSL verification is off', 'SSL verification on')
  return {
    what,
    note: webhooks === null ? `${hostOf(url)}; GANTRY_URL is not set, so nobody knows whether that is right` : hostOf(url),
    problem: null,
  }
}

/** A channel's name in the path is as good as a password. */
const hostOf = (url: string): string => URL.parse(url)?.host ?? 'an address that is none'

function installationFindings(all: z.infer<typeof installations>, asked: Readonly<Record<string, string>>): readonly Finding[] {
  const what = 'The App is installed'
  if (all.length === 0) {
    const details = {
      sentence: 'The App is installed nowhere, so there is nothing to deploy.',
      next: 'Install it on an account, from the App’s page on GitHub.',
    }
    return [{ what, note: 'nowhere', problem: problem('APP_MISCONFIGURED', details) }]
  }
  return all.map(({ account, suspended_at: suspended, permissions }): Finding => {
    const login = account?.login ?? 'an account that is gone'
    const lacks = Object.keys(asked).filter((name) => !covers(permissions[name], asked[name] ?? ''))
    const next = `Ask the owners of ${login} to look at the App’s installation in their settings.`
    const sentence = suspended != null ? `${login} has suspended the App.` : `${login} has not accepted all permissions yet.`
    const isRight = suspended == null && lacks.length === 0
    return {
      ...{ what: `${what} on ${login}`, note: suspended != null ? 'suspended' : '' },
      problem: isRight ? null : problem('APP_MISCONFIGURED', { sentence, ...(lacks.length > 0 && { wanted: words(asked, lacks) }), next }),
      ...(suspended == null && lacks.length > 0 && { isWarning: true as const }),
    }
  })
}
