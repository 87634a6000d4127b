import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/runtime/log.ts'
import { loadOperatorFile } from '../../src/runtime/operator-file.ts'
import { createRedactor, hiding } from '../../src/runtime/redact.ts'
import { leaksIn } from '../world/leaks.ts'

const PEM = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEA7bq1x2VhY2ggbGluZQ'.repeat(2)}\n-----END RSA PRIVATE KEY-----\n`
const SECRETS = ['pa$$ "word"\nwith %+/= <lines>', 'übergeheim-🔑-wort', 'hunter2-hunter2', PEM]

describe('the redactor', () => {
  const redactor = createRedactor()
  for (const secret of SECRETS) redactor.register(secret)

  const forms = (secret: string): [string, string][] => [
    ['raw', secret],
    ['JSON', JSON.stringify({ deep: secret })],
    ['JSON in JSON', JSON.stringify(JSON.stringify({ deep: secret }))],
    ['URL', `https://example.com/?q=${encodeURIComponent(secret)}`],
    ['hex', Buffer.from(secret).toString('hex')],
    ['base64', Buffer.from(secret).toString('base64')],
    ['base64url', Buffer.from(secret).toString('base64url')],
    ['Basic', `Basic ${Buffer.from(`user:${secret}`).toString('base64')}`],
    ['Basic, shifted once', `Basic ${Buffer.from(`user1:${secret}`).toString('base64')}`],
    ['Basic, shifted twice', `Basic ${Buffer.from(`user12:${secret}`).toString('base64')}`],
  ]

  test.each(SECRETS.flatMap((secret) => forms(secret)))('takes a secret out as %s', (_form, text) => {
    const cleaned = redactor.clean(`before ${text} after`)
    expect(cleaned).toMatch(/^before .*\[secret\].* after$/s)
    // What may stay of an encoded value are the few characters at its ends that its neighbours share.
    expect(cleaned.length).toBeLessThan(text.length * 0.6 + 60)
  })

  const decorated: [string, (secret: string) => string][] = [
    [
      'in JSON that is in base64, as Docker’s engine is sent it',
      (one) => Buffer.from(JSON.stringify({ username: 'u', password: one })).toString('base64url'),
    ],
    ['in base64 that is in an address', (one) => encodeURIComponent(`Basic ${Buffer.from(`user:${one}`).toString('base64')}`)],
    ['in a form', (one) => new URLSearchParams({ refresh_token: one }).toString()],
    ['in JSON as Go writes it', (one) => JSON.stringify({ one }).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)],
    ['in capital hexadecimal', (one) => Buffer.from(one).toString('hex').toUpperCase()],
    ['twice and joined', (one) => `${one}${one}`],
    ['cut off at its end', (one) => `${one.slice(0, Math.max(13, one.length - 2))}…`],
    ['cut off within its base64', (one) => Buffer.from(`user:${one}`).toString('base64').slice(0, 24)],
  ]
  test.each(SECRETS.flatMap((secret) => decorated.map(([how, make]) => [how, make(secret), secret] as const)))(
    'finds it %s',
    (_how, text, secret) => {
      const cleaned = redactor.clean(`before ${text} after`)
      expect(cleaned).toContain('[secret]')
      expect(leaksIn([cleaned], [secret])).toEqual([])
    },
  )

  test.each([
    ['a token of an installation', `ghs_4711_${'eyJhbGciOi.J9'.repeat(30)}`],
    ['a token of an older Enterprise Server', `v1.${'0a1b2c3d4e'.repeat(4)}`],
    ['what a registry is logged in with', 'Authorization: Basic Z2FudHJ5Omh1bnRlcjI='],
    ['a token that says nothing of itself', 'authorization: bearer 0f3a-77b1-opaque-2c'],
    [
      'what Docker’s engine is logged in with',
      Buffer.from('{"username":"gantry","password":"hunter2","serveraddress":"ghcr.io"}').toString('base64'),
    ],
    ['a personal token', `ghp_${'a1B2'.repeat(9)}`],
    ['a fine-grained token', `github_pat_${'a1B2'.repeat(9)}`],
    ['a JWT', `eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjQ3MTF9xx.c2lnbmF0dXJl`],
    ['a key nobody registered', '-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----'],
    ['a password in an address', 'https://user:pass@registry.example.com/v2/'],
  ])('knows %s by its look', (_kind, text) => {
    expect(createRedactor().clean(text)).toContain('[secret]')
  })

  test('leaves ordinary text alone, and does not hide common short words', () => {
    const shy = createRedactor()
    for (const word of ['a', 'prod', 'production', 'Password']) expect(shy.register(word)).toBe(false)
    expect(shy.register('production-2024')).toBe(true)
    const text =
      'deployed ghcr.io/acme/shop@sha256:0123456789abcdef to production as ada, see https://github.com/acme/shop/issues/1; ' +
      'basic authentication and bearer authentication are offered, the password is stored'
    expect(shy.clean(text)).toBe(text)
  })
})

describe('a secret that has done its work', () => {
  const secret = 'a-token-for-an-hour'

  test('is forgotten, and every text stays as it is', () => {
    const redactor = createRedactor()
    redactor.register(secret)
    redactor.forget(secret)
    expect(redactor.clean(`said ${secret}`)).toBe(`said ${secret}`)
  })

  test('stays hidden as long as anybody else has the same one', () => {
    const redactor = createRedactor()
    const [first, second] = [hiding(redactor, secret), hiding(redactor, secret)]
    first()
    first()
    expect(redactor.clean(`said ${secret}`)).toBe('said [secret]')
    second()
    expect(redactor.clean(`said ${secret}`)).toBe(`said ${secret}`)
    redactor.forget(secret)
    redactor.register(secret)
    expect(redactor.clean(`said ${secret}`)).toBe('said [secret]')
  })
})

describe('the log', () => {
  const lines: string[] = []
  const redactor = createRedactor()
  const log = createLog('info', redactor, (line) => lines.push(line))

  test('secrets do not appear in messages, fields, errors or causes', () => {
    redactor.register('a-very-secret-value')
    const cause = Object.assign(new Error('cause with a-very-secret-value'), { request: { body: 'the whole body' } })
    log.error({ err: new Error('outer a-very-secret-value', { cause }), url: 'https://x/?k=a-very-secret-value' }, 'said a-very-secret-value')
    expect(lines.join('')).not.toContain('a-very-secret-value')
    expect(lines.join('')).not.toContain('the whole body')
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      msg: 'said [secret]',
      err: { message: 'outer [secret]', cause: { message: 'cause with [secret]' } },
    })
  })

  test('warns of a secret that cannot be hidden, and names where it is', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-'))
    const path = join(folder, 'gantry.yml')
    const credential = (name: string) => `{ registry: ghcr.io, username: bot, password: { env: ${name} } }`
    writeFileSync(path, `version: 1\ncredentials: { weak: ${credential('WEAK')}, good: ${credential('GOOD')} }\n`)
    loadOperatorFile(path, { environment: { WEAK: 'production', GOOD: 'a-very-good-password' }, redactor, log })
    const warnings = lines.filter((line) => line.includes('"level":40'))
    expect(warnings.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'the secret in the variable WEAK is too short or too common to be kept out of what is shown',
    ])
    rmSync(folder, { recursive: true })
  })
})
