import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GantryProcess } from '../world/gantry-process.ts'
import { PRIVATE_KEY } from '../world/github/github.ts'
import type { Delivery } from '../world/github/webhooks.ts'
import type { Grounds } from '../world/grounds.ts'
import { delivery, sign, statusOf, talk } from '../world/wire.ts'
import { Checks, onGrounds } from './scenario.ts'
import type { Scenario } from './scenario.ts'

/** A `/deploy` that GitHub signed and that nobody has received yet. */
export function aCommand({ github, pull }: Grounds, text = '/deploy staging', who = github.people.ada): Delivery {
  // What the bot's own words have caused by now is not meant.
  github.webhooks.waiting.length = 0
  who.comments(pull.number, text)
  const made = github.webhooks.waiting.find(({ event }) => event === 'issue_comment')
  github.webhooks.waiting.length = 0
  if (made === undefined) throw new Error('GitHub made no delivery')
  return made
}

/** Why each signature is none, with the header's value (or null for no header). */
function forgeries(body: string, secret: string): readonly [string, string | readonly string[] | null][] {
  const good = sign(body, secret)
  const hex = good.slice('sha256='.length)
  return [
    ['none', null],
    ['wrong', `sha256=${'0'.repeat(64)}`],
    ["another body's", sign(`${body} `, secret)],
    ['upper-case hex', `sha256=${hex.toUpperCase()}`],
    ['63 digits', `sha256=${hex.slice(1)}`],
    ['65 digits', `sha256=${hex}0`],
    ['two headers', [good, good]],
    ['no hex', `sha256=${'z'.repeat(64)}`],
    ['empty secret', sign(body, '')],
    ['the word development', sign(body, 'development')],
  ]
}

const w01: Scenario = {
  id: 'W01',
  tried: 'a valid /deploy without a signature, with wrong, malformed, doubled, SHA-1 and guessable ones',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const { body } = aCommand(grounds)
    const { webhookSecret } = grounds.github
    const sha1 = `sha1=${createHmac('sha1', webhookSecret).update(body).digest('hex')}`
    const attempts = forgeries(body, webhookSecret).map(([how, signature]) => ({ how, headers: { 'x-hub-signature-256': signature } }))
    attempts.push({ how: 'only SHA-1', headers: { 'x-hub-signature-256': null, ...{ 'x-hub-signature': sha1 } } })
    for (const { how, headers } of attempts) {
      const text = await talk(grounds.port, delivery(body, webhookSecret, headers)).closed
      checks.that(statusOf(text) === 401, `${how}: ${statusOf(text)}`)
      checks.that(/application\/problem\+json/.test(text) && !/\n {4}at |src\//.test(text), `${how}: the answer is no plain problem`)
    }
    await checks.nothingHappened(grounds)
    checks.that(!grounds.gantry.output.includes('/deploy'), 'a body was logged')
    return checks.finding(`${attempts.length} of ${attempts.length} answered 401, nothing stored, called or logged`)
  }),
}

const w02: Scenario = {
  id: 'W02',
  tried: 'starting without a webhook secret, with an empty, a well-known and a short one',
  async run() {
    const checks = new Checks()
    for (const secret of [undefined, '', 'development', 'secret', 'k3x9wq7z']) {
      const folder = mkdtempSync(join(tmpdir(), 'gantry-attack-'))
      const environment = { APP_ID: '4711', PRIVATE_KEY, ...(secret !== undefined && { WEBHOOK_SECRET: secret }) }
      const gantry = new GantryProcess({ folder, environment })
      const code = await gantry.ended
      rmSync(folder, { recursive: true, force: true })
      checks.that(code !== 0, `${String(secret)}: it started`)
      checks.that(gantry.output.includes('WEBHOOK_SECRET'), `${String(secret)}: the variable is not named`)
      checks.that(!secret || !gantry.output.replaceAll('WEBHOOK_SECRET', '').includes(secret), `${String(secret)}: the value is shown`)
    }
    return checks.finding('refused to start five times, naming WEBHOOK_SECRET and no value')
  },
}

const w15: Scenario = {
  id: 'W15',
  tried: 'rotating the webhook secret: old and new at once, then the new one alone',
  run: onGrounds(async (grounds) => {
    const checks = new Checks()
    const old = grounds.github.webhookSecret
    const fresh = randomBytes(32).toString('hex')
    const send = async (text: string, secret: string) => {
      const { body, headers } = aCommand(grounds, text)
      return grounds.sends({ body, headers: { ...headers, 'x-hub-signature-256': sign(body, secret) } })
    }
    await grounds.gantry.stops()
    await grounds.starts({ WEBHOOK_SECRET: `${fresh},${old}` })
    for (const secret of [old, fresh, old, fresh])
      checks.that((await send('/deploy help', secret)) === 202, 'a delivery was refused while both are set')
    await grounds.gantry.stops()
    await grounds.starts({ WEBHOOK_SECRET: fresh })
    checks.that((await send('/deploy help', fresh)) === 202, 'the new secret is refused')
    checks.that((await send('/deploy help', old)) === 401, 'the old secret is still accepted')
    await checks.isAlive(grounds)
    return checks.finding('every delivery accepted while both were set, the old secret refused afterwards')
  }),
}

export const signatures: readonly Scenario[] = [w01, w02, w15]
