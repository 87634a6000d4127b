import { OpenAPIHono } from '@hono/zod-openapi'
import { endpoints } from './api/index.ts'
import { completed, DOCUMENT } from './document.ts'
import type { Api, Asking, Env } from './endpoint.ts'

/** `GET /openapi.json`. On Cloudflare Workers it is made when the Worker is built, and nothing of this is there. */
export function publish(api: Api): void {
  // Made once: whoever asks for it is nobody yet, and may ask as often as they like.
  const text = textOf(api)
  api.get(DOCUMENT, (c) => c.body(text, 200, { 'content-type': 'application/json' }))
}

/** The same text, of an API that nobody stands behind. */
export function description(): string {
  const api: Api = new OpenAPIHono<Env>()
  for (const add of endpoints) add(api, {} as Asking)
  return textOf(api)
}

function textOf(api: Api): string {
  api.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: [
      'A user token of this GitHub App (https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app),',
      'the token that GitHub signs for a job of GitHub Actions (OpenID Connect), or an API token of Gantry’s own.',
    ].join(' '),
  })
  const document = api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Gantry', version: '1', description: 'Deploys container images: the same gates, words and codes as `/deploy` in a comment.' },
    servers: [{ url: '/', description: 'Where this document is served.' }],
  })
  return JSON.stringify(completed(document))
}
