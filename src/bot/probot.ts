import { Probot, ProbotOctokit } from 'probot'
import type { Logger } from 'pino'
import type { Secret } from '../secret.ts'
import { withinOrigin } from './redirects.ts'

export interface ProbotOptions {
  readonly appId: number
  readonly privateKey: Secret
  readonly webhookSecret: Secret
  /** `https://api.github.com`, or any other base. */
  readonly apiUrl: string
  readonly fetch: typeof globalThis.fetch
  readonly log: Logger
}

/**
 * Probot for typed events and authentication (tokens are kept in `installations.ts`). Its throttle stays out (three seconds before each comment, shared
 * by all installations), and so do its retries (they repeat a POST after a 502: one comment became four). Only the function form
 * of `defaults` switches them off; Probot overwrites the other.
 */
export function createProbot({ appId, privateKey, webhookSecret, apiUrl, fetch, log }: ProbotOptions): Probot {
  const Octokit = ProbotOctokit.defaults((options: object) => ({ ...options, throttle: { enabled: false }, retry: { enabled: false } }))
  const request = { fetch: withinOrigin(fetch) }
  return new Probot({ appId, privateKey: privateKey.reveal(), secret: webhookSecret.reveal(), baseUrl: apiUrl, request, Octokit, log })
}
