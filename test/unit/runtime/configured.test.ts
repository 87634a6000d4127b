import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { notBegun } from '../../../src/runtime/cloudflare/answers.ts'
import type { Bindings } from '../../../src/runtime/cloudflare/bindings.ts'
import { configured } from '../../../src/runtime/cloudflare/configured.ts'
import { PRIVATE_KEY } from '../../world/github/auth.ts'

// What a Worker was deployed with, and what it answers where that is not enough.

const KEY = `k1:${randomBytes(32).toString('base64')}`
const WHOLE = { APP_ID: '7', PRIVATE_KEY, WEBHOOK_SECRET: 'a-webhook-secret-that-signs-nothing-here', GANTRY_KEYS: KEY }
const read = (variables: Readonly<Record<string, string>>) => configured({ ...WHOLE, ...variables } as unknown as Bindings)

test.each([undefined, '', ' \n'])('an operator file that is %j is none', async (text) => {
  expect((await read(text === undefined ? {} : { GANTRY_YML: text })).operator.text).toBe('version: 1')
})

test('an operator file is taken as it is written', async () => {
  expect((await read({ GANTRY_YML: 'version: 1\n' })).operator.text).toBe('version: 1\n')
})

test.each([
  ['APP_ID', { APP_ID: 'forty-two' }],
  ['APP_ID, PRIVATE_KEY, WEBHOOK_SECRET', { APP_ID: '', PRIVATE_KEY: '', WEBHOOK_SECRET: '' }],
  ['PRIVATE_KEY', { PRIVATE_KEY: 'no key at all, and yet a secret' }],
  ['WEBHOOK_SECRET', { WEBHOOK_SECRET: 'short' }],
  ['GANTRY_KEYS', { GANTRY_KEYS: '' }],
  ['GANTRY_KEYS', { GANTRY_KEYS: 'k1:bm90IHRoaXJ0eS10d28gYnl0ZXM=' }],
  ['GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET', { GITHUB_CLIENT_ID: 'Iv1.0123456789abcdef' }],
  ['GANTRY_URL', { GANTRY_URL: 'gantry dot example' }],
] as const)('whoever opens it is told to look at %s, and no value', async (names, variables) => {
  const error = await read(variables).catch((thrown: unknown) => thrown)
  const answer = await notBegun(error)
  expect(answer.status).toBe(503)
  const { detail } = (await answer.json()) as { readonly detail: string }
  expect(detail).toBe(
    `This Gantry is not set up yet. The variable${names.includes(',') ? 's' : ''} or secret${names.includes(',') ? 's' : ''} to look at: ${names}. Its log says what is wrong.`,
  )
})

test.each([
  ['GANTRY_YML', 'OPERATOR_FILE_INVALID'],
  ['GANTRY_KEYS', 'VAULT_KEY_WRONG'],
  [null, 'GITHUB_UNAVAILABLE'],
] as const)('an object that cannot begin names %s for %s', async (name, code) => {
  const { detail } = (await (await notBegun(new Failure(code, { sentence: 'GANTRY_DATA of ours is "hunter2".', next: 'Change it.' }))).json()) as {
    readonly detail: string
  }
  expect(detail).not.toContain('hunter2')
  expect(detail.match(/GANTRY_\w+/g)).toEqual(name === null ? null : [name])
})

test('a mistake of our own names nothing', async () => {
  expect(await (await notBegun(new Error('APP_ID hunter2'))).json()).toMatchObject({ detail: 'Gantry cannot begin its work here; its log says why.' })
})
