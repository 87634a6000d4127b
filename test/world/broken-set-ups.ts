import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GantryProcess } from './gantry-process.ts'
import { Stage } from './stage.ts'

// Set-ups that are broken, one thing at a time, for whoever is to find that out.

export const newKeys = (): string => `k1:${randomBytes(32).toString('base64')}`
const operatorYml = (id: number, more = ''): string => `version: 1
targets:
  site:
    kind: static
    listen: 127.0.0.1:0
    allow: [{ repository: acme/shop, id: ${id}, environments: ["*"], images: ["ghcr.io/acme/*"] }]
${more}`

/** A Gantry that has run once, where everything is right. */
export class RightSetUp extends Stage {
  readonly #own = { GANTRY_KEYS: newKeys(), GANTRY_URL: 'https://gantry.example' }

  static async make(): Promise<RightSetUp> {
    const here = new RightSetUp({ deployYml: 'version: 1', operatorYml: (id) => operatorYml(id) })
    await here.opens(here.#own)
    await here.gantry.stops()
    return here
  }

  async asksDoctor(more: Readonly<Record<string, string>> = {}): Promise<{ readonly code: number; readonly output: string }> {
    const gantry = new GantryProcess({ folder: this.folder, words: ['doctor'], environment: { ...this.variables, ...this.#own, ...more } })
    return { code: await gantry.ended, output: gantry.output }
  }
}

/** What is broken, how, and what has to be said of it. */
export type Breakage = readonly [what: string, breaks: (stage: Stage) => Readonly<Record<string, string>> | void, says: RegExp]

export const BROKEN: readonly Breakage[] = [
  ['the key of the App is another’s', () => ({ APP_ID: '4712' }), /GITHUB_REFUSED: GitHub did not accept the App's credentials/],
  ['the key of the App is none', () => ({ PRIVATE_KEY: 'no key' }), /SETTING_INVALID: .*PRIVATE_KEY/],
  ['the webhook secret is missing', () => ({ WEBHOOK_SECRET: '' }), /SETTING_INVALID: .*WEBHOOK_SECRET/],
  ['GitHub does not answer', () => ({ GITHUB_API_URL: 'http://127.0.0.1:1' }), /GITHUB_UNAVAILABLE: GitHub did not answer/],
  ['GitHub is broken', ({ github }) => void github.answers(502).to('GET /app').always(), /GITHUB_UNAVAILABLE/],
  [
    'a permission is missing',
    ({ github }) => void github.permissions.delete('checks'),
    /APP_MISCONFIGURED: .*not all the permissions[^]*wanted: checks: write/,
  ],
  ['a permission is weaker', ({ github }) => void github.permissions.set('issues', 'read'), /found:\s+issues: read\n\s+wanted: issues: write/],
  ['an event is missing', ({ github }) => void github.events.delete('push'), /does not send everything[^]*wanted: push/],
  [
    'webhooks go elsewhere',
    ({ github }) => void (github.hook = { ...github.hook, url: 'https://old.example/hook' }),
    /go elsewhere[^]*found:\s+old\.example/,
  ],
  ['webhooks come as a form', ({ github }) => void (github.hook = { ...github.hook, content_type: 'form' }), /come as a form/],
  ['webhooks go to anybody', ({ github }) => void (github.hook = { ...github.hook, insecure_ssl: '1' }), /does not check whom/],
  ['there is no webhook', ({ github }) => void (github.hook = { content_type: 'json', insecure_ssl: '0' }), /has no webhook/],
  ['the App is installed nowhere', ({ github }) => github.state.installations.clear(), /installed nowhere/],
  ['the App is suspended', ({ github }) => void (github.installation.isSuspended = true), /acme has suspended the App/],
  ['the keys are others', () => ({ GANTRY_KEYS: newKeys() }), /VAULT_KEY_WRONG/],
  ['the keys are gone', () => ({ GANTRY_KEYS: '' }), /VAULT_KEY_MISSING/],
  ['there is no database', ({ folder }) => rmSync(join(folder, 'data'), { recursive: true }), /There is no database .*gantry\.db yet/],
  [
    'the database is none',
    ({ folder }) => writeFileSync(join(folder, 'data', 'gantry.db'), 'no database'.repeat(1000)),
    /SETTING_INVALID: The database/,
  ],
  [
    'the operator file is wrong',
    ({ folder, github }) => writeFileSync(join(folder, 'gantry.yml'), operatorYml(github.repository.id, 'plain_htp: []\n')),
    /OPERATOR_FILE_INVALID: .*plain_http/,
  ],
  [
    'a target is not there',
    ({ folder, github }) =>
      writeFileSync(join(folder, 'gantry.yml'), operatorYml(github.repository.id, '  box: { kind: docker, host: "tcp://127.0.0.1:1", allow: [] }\n')),
    /NO The target box is there\n\s+TARGET_UNAVAILABLE/,
  ],
]

/** It works all the same. */
export const DOUBTFUL: readonly Breakage[] = [
  [
    'the App may more than it needs',
    ({ github }) => void github.permissions.set('administration', 'write'),
    /!! The App has the permissions[^]*may more than Gantry needs[^]*administration: write/,
  ],
  [
    'an account has not accepted everything',
    ({ github }) => void github.installation.permissions.delete('attestations'),
    /acme has not accepted all permissions yet[^]*attestations: read/,
  ],
]
