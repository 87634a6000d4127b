import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/runtime/log.ts'
import { createRedactor } from '../../src/runtime/redact.ts'

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

  test.each([
    ['a token of an installation', `ghs_4711_${'eyJhbGciOi.J9'.repeat(30)}`],
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
    shy.register('a')
    shy.register('prod')
    const text = 'deployed ghcr.io/acme/shop@sha256:0123456789abcdef to production as ada, see https://github.com/acme/shop/issues/1'
    expect(shy.clean(text)).toBe(text)
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
})
