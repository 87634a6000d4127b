import { APP_KEY } from '../world/world.ts'
import type { World } from '../world/world.ts'
import type { Found } from './finding.ts'

/** No secret stands in what GitHub shows, what the database holds, what a target keeps or what was logged. */
export function leaks(world: World, found: Found): void {
  const { registryPassword, github } = world
  const secrets: [string, string][] = [
    ['the registry password', registryPassword],
    ['the webhook secret', github.webhookSecret],
    ['the private key', APP_KEY.split('\n')[3] ?? ''],
    ...github.auth.tokens.map(({ text }): [string, string] => ["an installation's token", text]),
  ]
  const sinks: [string, Buffer][] = [
    ['GitHub', Buffer.from(shown(world))],
    ['the database', Buffer.from(world.disk.content())],
    ['the log', Buffer.from(world.logged.join(''))],
    ['the files', Buffer.concat([...world.files.content.values()])],
  ]
  for (const [secret, value] of secrets) {
    for (const [sink, bytes] of sinks) if (forms(value).some((form) => bytes.includes(form))) found('broken', `${secret} stands in ${sink}`)
  }
}

const forms = (secret: string): string[] => [
  secret,
  Buffer.from(secret).toString('base64'),
  Buffer.from(`gantry:${secret}`).toString('base64'),
  Buffer.from(secret).toString('hex'),
  encodeURIComponent(secret),
]

function shown({ github: { repository } }: World): string {
  const { issues, checks, deployments } = repository
  return JSON.stringify([[...issues.values()].map(({ comments }) => comments), checks, deployments])
}
