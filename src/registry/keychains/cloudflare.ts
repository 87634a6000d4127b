import { Secret } from '../../secret.ts'
import { isObject, parseObject } from '../answer.ts'
import { secretOf } from '../credential.ts'
import type { Credential } from '../credential.ts'
import type { Given, Minted, Minting, VendorAnswer } from '../exchange.ts'
import { advise, originProblem, textIn, textsIn } from '../given.ts'
import type { Advice } from '../given.ts'
import type { Keychain } from '../keychain.ts'

/** Cloudflare's managed registry: nothing but passwords for some minutes, made by an API token. */
export const cloudflare: Keychain = {
  name: 'cloudflare',
  title: 'Cloudflare Containers registry',
  hosts: ['registry.cloudflare.com'],
  serves: (registry) => registry === 'registry.cloudflare.com',
  lint: () => null,
  suspect,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Make an API token with Account → Containers → Edit for the account.',
  grant: 'Use an API token with Account → Containers → Edit for the account whose id stands first in the image’s name.',
  exchange: {
    key: 'cloudflare',
    fields: { account_id: 'text', api_token: 'secret', minutes: 'text?', endpoint: 'text?' },
    check,
    mint,
  },
}

const MINUTES = '15' // as wrangler asks for (workers-sdk, packages/containers-shared)

function check(given: Given): string | null {
  if (!/^[\w-]+$/.test(textIn(given, 'account_id'))) return 'account_id is not the id of an account, 32 hex digits.'
  if (!/^([1-9]\d{0,4})?$/.test(textIn(given, 'minutes'))) return 'minutes is not a whole number of minutes.'
  return originProblem(given, ['endpoint'])
}

// src: cloudflare/workers-sdk and Cloudflare's OpenAPI description: 201 with result{account_id, registry_host, username, password}
async function mint(given: Given, minting: Minting): Promise<Minted> {
  const token = textIn(given, 'api_token')
  const minutes = Number(textIn(given, 'minutes') || MINUTES)
  const path = `/client/v4/accounts/${textIn(given, 'account_id')}/containers/registries/${encodeURIComponent(minting.registry)}/credentials`
  const answer = await minting.ask({
    method: 'POST',
    url: new URL(path, textIn(given, 'endpoint') || 'https://api.cloudflare.com'),
    headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ expiration_minutes: minutes, permissions: ['pull'] }),
    secrets: [token],
  })
  const result = parseObject(answer.text)?.['result']
  const made = textsIn(isObject(result) ? result : {})
  const [username = '', password = ''] = [made.get('username'), made.get('password')]
  if (answer.status >= 300 || username === '' || password === '') throw refuse(answer, minting)
  return { credential: { kind: 'basic', username, password: new Secret(password) }, lifetime: minutes * 60_000 }
}

function refuse(answer: VendorAnswer, minting: Minting) {
  if (answer.status < 300) return minting.fail(answer, { message: 'Cloudflare answered without user name and password.' })
  const body = parseObject(answer.text)
  const errors = body?.['errors']
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  const { code, message } = isObject(first) ? first : { code: undefined, message: body?.['error'] }
  const number = typeof code === 'number' || typeof code === 'string' ? String(code) : ''
  const said = advise(ADVICE, number, typeof message === 'string' ? message : '')
  const byStatus = said.next === undefined ? STATUS.get(answer.status) : undefined
  return minting.fail(answer, { ...said, ...byStatus })
}

const RENEW = 'Store an API token that is valid and has Account → Containers → Edit for this account_id.'

/** Cloudflare's error codes that do not depend on the service (developers.cloudflare.com, "API error codes"). */
const ADVICE: readonly Advice[] = [
  // know: says 10000 of a wrong token and of a right one without the permission; 9109 and 6003 only of wrong ones
  { words: /^10000 /, next: RENEW },
  { words: /^(9109|6003|9106|6111|1000) /, next: RENEW, isRefused: true },
]

/** What the description says of this one call. */
const STATUS: ReadonlyMap<number, { readonly next: string; readonly isRefused?: boolean }> = new Map([
  [401, { next: RENEW, isRefused: true }],
  [403, { next: RENEW }],
  [404, { next: 'Check account_id: this registry is not set up in that account (wrangler containers registries list).' }],
  [409, { next: 'Remove this credential: the registry is set up as public in that account, and needs none.' }],
])

// know: a login's password is a JWT; an API token is none
function suspect(_registry: string, credential: Credential): string | null {
  const secret = secretOf(credential)
  if (credential.kind !== 'basic' || secret.split('.').length === 3) return null
  return 'Store the API token below `cloudflare` in the operator file, in place of username and password: the registry does not take it as it is.'
}
