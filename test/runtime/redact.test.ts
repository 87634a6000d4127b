import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { placeTarget } from '../../src/accounts/placing.ts'
import { reach } from '../../src/accounts/trials.ts'
import { bounded } from '../../src/deploy/mask.ts'
import { createLog } from '../../src/runtime/log.ts'
import { createRedactor } from '../../src/runtime/redact.ts'

const PEM = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey
const GOOGLE = JSON.stringify({ type: 'service_account', project_id: 'victim-prod', private_key: PEM }, null, 2)
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('whoever knows the beginning of a secret does not find the rest by trying', () => {
  const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.split('')
  test.each([
    ['a PEM file', PEM, '-----BEGIN RSA PRIVATE KEY-----\n', PEM],
    ['its first line with data, which is alike in all keys of its size', PEM, PEM.split('\n')[1]!.slice(0, 12), PEM.split('\n')[1]!],
    ['a PEM file in JSON', PEM, '-----BEGIN RSA PRIVATE KEY-----\\n', JSON.stringify(PEM).slice(1, -1)],
    ['a PEM file in base64', PEM, base64('-----BEGIN RSA PRIVATE KEY-----\n').slice(0, 40), base64(PEM)],
    ['a key of Google’s in base64', GOOGLE, base64('{\n  "type": "service_account",').slice(0, 36), base64(GOOGLE)],
  ])('%s', (_what, secret, known, form) => {
    const redactor = createRedactor()
    redactor.register(secret)
    expect(form.startsWith(known)).toBe(true)
    const right = form[known.length]!
    const tails = BASE64.map((character) => redactor.clean(`${known}${character}|`))
    // One answer each, and none differs from the others.
    expect(new Set(tails).size).toBe(1)
    // All in one text, as an engine could send them.
    const together = redactor.clean(BASE64.map((character) => `${character}|${known}${character}|`).join('~'))
    const hits = BASE64.filter((character) => together.includes(`${character}|[secret]|`))
    expect(hits).not.toEqual([right])
    expect(hits.length).toBeLessThanOrEqual(1)
  })

  test('with an engine of their own that says what they try', async () => {
    const redactor = createRedactor()
    redactor.register(PEM)
    let message = ''
    const doors = {
      fetch: () => async () => Response.json({ message }, { status: 400 }),
      files: () => ({}),
      clock: { now: () => 0, after: () => () => {} },
    } as never
    const options = { host: 'tcp://engine.mallory.example:2376', platform: 'linux/amd64', plain_http: true }
    const declared = { account: 7, name: 't', isConfined: true, kind: 'docker', options, pulls: 'none', credential: null, allow: [], revision: '' }
    const { target } = placeTarget('t', declared as never, doors)
    const shown = bounded((text) => redactor.clean(text), 1_000)
    const known = '-----BEGIN RSA PRIVATE KEY-----\\n'
    const answers = new Set<string>()
    for (const character of BASE64) {
      message = `${known}${character}| and more`
      answers.add(shown((await reach(target)).problem?.found ?? ''))
    }
    expect([...answers]).toEqual(['400 [secret]'])
  })

  test('a secret that is cut is hidden behind a shorter one that is there whole', () => {
    const redactor = createRedactor()
    for (const secret of ['production-key', 'production-key-of-the-other-registry']) redactor.register(secret)
    expect(redactor.clean('said production-key-of-the-oth')).toBe('said [secret]')
    const one = createRedactor()
    one.register('production-key')
    expect(one.clean('said production-key, and no more')).toBe('said [secret], and no more')
  })

  test('what stands behind a key’s first line is hidden with it', () => {
    const redactor = createRedactor()
    redactor.register(PEM)
    expect(redactor.clean(PEM.slice(0, 40))).toBe('[secret]')
  })
})

describe('a text of a million hostile characters comes to its end', () => {
  const redactor = createRedactor()
  redactor.register('a'.repeat(50_000))
  redactor.register(PEM)
  test.each([
    ['a.'],
    ['a://a'],
    ['eyJaaaaaaaaaa-'],
    ['eyJaaaaaaaaaa.eyJ-'],
    ['basic a'],
    ['-----BEGIN A'],
    [`-----BEGIN ${' '.repeat(50)}`],
    ['-----BEGIN RSA PRIVATE KEY-----'],
    ['gho_.'],
    ['a'],
  ])('of %s', (unit) => {
    const cleaned = redactor.clean(unit.repeat(1_000_000 / unit.length))
    expect(cleaned.length).toBeLessThanOrEqual(1_000_000)
  })

  test('and of what somebody else says, no more is looked at than could be shown', () => {
    const read: number[] = []
    const words = bounded((text) => {
      read.push(text.length)
      return text.replaceAll(/x+/g, '')
    }, 1_000)
    expect(words('y'.repeat(1_000_000))).toHaveLength(1_000)
    // Where a mask has made it short, what was cut may be the beginning of a secret.
    expect(words(`${'x'.repeat(15_990)}hunter2hunter2`)).toBe('…')
    expect(words('short')).toBe('short')
    expect(read).toEqual([16_000, 16_000, 5])
  })
})

describe('what an account calls a secret', () => {
  test('is hidden in its own texts, and nobody else’s', () => {
    const redactor = createRedactor()
    redactor.register('acme/shop', 42)
    expect(redactor.clean('deployed acme/shop', 42)).toBe('deployed [secret]')
    expect(redactor.clean('deployed acme/shop', 43)).toBe('deployed acme/shop')
    expect(redactor.clean('deployed acme/shop')).toBe('deployed acme/shop')
    redactor.forget('acme/shop', 42)
    expect(redactor.clean('deployed acme/shop', 42)).toBe('deployed acme/shop')
  })

  test('does not uncover what the operator hides', () => {
    const redactor = createRedactor()
    redactor.register('the-operator-has-this')
    redactor.register('operator', 42)
    expect(redactor.clean('said the-operator-has-this', 42)).toBe('said [secret]')
  })

  const logged = (values: readonly string[], message: string): string => {
    const redactor = createRedactor()
    for (const value of values) redactor.register(value, 42)
    let written = ''
    createLog('info', redactor, (line) => (written += line)).info({ repository: 'acme/shop', err: new Error(message) }, message)
    return (JSON.parse(written) as { msg: string }).msg
  }

  test('is hidden in the log, where it can be nothing else', () => {
    const secret = 'dckr_pat_9fXq2LmT8vKz4RwB'
    for (const form of [secret, encodeURIComponent(`${secret}/`), base64(`user:${secret}`)])
      expect(logged([secret], `said ${form}`)).toContain('[secret]')
    expect(logged([secret], `said ${secret.slice(0, 15)}`)).toBe(`said ${secret.slice(0, 15)}`)
  })

  test.each([
    ['words', ['the container engine', 'refused', 'cannot be reached'], 'the container engine refused: it cannot be reached'],
    ['a name', ['acme/shop', 'registry.example.com'], 'acme/shop from registry.example.com'],
    ['a digest', [`sha256:${'0a1b'.repeat(16)}`], `it runs sha256:${'0a1b'.repeat(16)}`],
    ['the line itself', ['"level"', '"msg":"', '{"level":50,', '":"'], 'a "level" {"level":50, of its own'],
    ['lines behind one that is a secret', ['Zq7Zq7Zq7Zq7Zq7Zq7abcdefgh\nthe container engine refused'], 'the container engine refused'],
    ['what begins like words', [`the container engine refused Zq7Zq7Zq7Zq7Zq7${'x'.repeat(5_000)}`], 'the container engine refused to work'],
  ])('blanks nothing of the operator’s: %s', (_what, values, message) => {
    expect(logged(values, message)).toBe(message)
  })

  test('a secret of the operator’s that is a part of JSON leaves the line JSON', () => {
    const redactor = createRedactor()
    redactor.register('","msg":"')
    redactor.register(PEM)
    let written = ''
    createLog('info', redactor, (line) => (written += line)).info({ at: '-----BEGIN RSA' }, 'all is well')
    expect(written.endsWith('\n')).toBe(true)
    expect(JSON.parse(written)).toMatchObject({ at: '[secret]', msg: 'all is well' })
  })
})
