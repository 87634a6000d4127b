import { parse } from 'yaml'
import * as z from 'zod'
import { Failure } from '../errors.ts'
import { WEBHOOK_PATH } from './front.ts'

/** GitHub sends nobody to an address that differs from it in a single letter. */
const CALLBACK_PATH = '/login/callback'

export interface Addresses {
  /** The public origin of this Gantry. */
  readonly home: string
  /** Where GitHub sends webhooks when not to `home`: a smee channel. */
  readonly hook: string | null
  /** Where GitHub sends the browser back to, with a code. */
  readonly redirect: string
  /** The origin under which people's browsers reach the pages: they are sent back there after signing in. */
  readonly pages: string
}

/** `app.yml` as the JSON of GitHub's manifest flow (docs.github.com, "Registering a GitHub App from a manifest"). */
export function manifestOf(appYml: string, { home, hook, redirect, pages }: Addresses): string {
  const declared = parse(appYml) as Record<string, unknown>
  return JSON.stringify({
    ...declared,
    url: home,
    redirect_url: redirect,
    callback_urls: [`${pages}${CALLBACK_PATH}`],
    hook_attributes: { url: hook ?? `${home}${WEBHOOK_PATH}`, active: true },
  })
}

const conversion = z.object({
  id: z.int().positive(),
  html_url: z.url({ protocol: /^https?$/ }),
  client_id: z.string(),
  client_secret: z.string(),
  webhook_secret: z.string(),
  pem: z.string(),
})

/** What GitHub hands out once for a registered App. */
export type Registered = z.infer<typeof conversion>

/** Exchanges the code that the browser brought back (`POST /app-manifests/{code}/conversions`). It works once, within an hour. */
export async function convert(fetch: typeof globalThis.fetch, apiUrl: string, code: string): Promise<Registered> {
  const next = 'Open the set-up page again and register the App once more.'
  // Only set-up needs this client, so that the bot itself does not carry it in memory.
  const { Octokit } = await import('@octokit/rest')
  const { rest } = new Octokit({
    baseUrl: apiUrl,
    userAgent: 'gantry',
    request: { fetch: (url: string, init: RequestInit) => fetch(url, { ...init, redirect: 'error' }) },
  })
  const answer = await rest.apps.createFromManifest({ code }).catch((error: unknown) => {
    const status = error instanceof Error && 'status' in error ? String(error.status) : 'no answer'
    throw new Failure('GITHUB_REFUSED', { sentence: 'GitHub did not hand out the App.', found: `status ${status}`, next }, error)
  })
  const read = conversion.safeParse(answer.data)
  if (!read.success) throw new Failure('GITHUB_REFUSED', { sentence: 'GitHub answered with something that is no App.', next })
  return read.data
}
