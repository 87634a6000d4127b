import { describe, expect, test } from 'vitest'
import { Refusal } from '../../../src/errors.ts'
import { canonicalRepository, formatReference, parseReference } from '../../../src/registry/reference.ts'

const sha256 = `sha256:${'0123456789abcdef'.repeat(4)}`
const sha512 = `sha512:${'0123456789abcdef'.repeat(8)}`

describe('an image name is read', () => {
  test.for([
    // text, registry, repository, tag, digest
    ['ghcr.io/acme/shop:1.2', 'ghcr.io', 'acme/shop', '1.2', null],
    ['ghcr.io/acme/shop', 'ghcr.io', 'acme/shop', null, null],
    [`ghcr.io/acme/shop@${sha256}`, 'ghcr.io', 'acme/shop', null, sha256],
    [`ghcr.io/acme/shop:1.2@${sha512}`, 'ghcr.io', 'acme/shop', '1.2', sha512],
    ['nginx', 'docker.io', 'library/nginx', null, null],
    ['nginx:1', 'docker.io', 'library/nginx', '1', null],
    ['acme/shop', 'docker.io', 'acme/shop', null, null],
    ['docker.io/nginx', 'docker.io', 'library/nginx', null, null],
    ['index.docker.io/acme/shop', 'docker.io', 'acme/shop', null, null],
    ['registry-1.docker.io/library/nginx', 'docker.io', 'library/nginx', null, null],
    ['localhost/shop:1', 'localhost', 'shop', '1', null],
    ['localhost:5000/a/b/c', 'localhost:5000', 'a/b/c', null, null],
    ['127.0.0.1:5000/acme/shop:1', '127.0.0.1:5000', 'acme/shop', '1', null],
    ['[::1]:5000/shop:1', '[::1]:5000', 'shop', '1', null],
    ['GHCR.io/acme/shop', 'ghcr.io', 'acme/shop', null, null],
    ['host:5000/a__b/c--d.e', 'host:5000', 'a__b/c--d.e', null, null],
  ] as const)('%s', ([text, registry, repository, tag, digest]) => {
    const reference = parseReference(text)
    expect(reference).toEqual({ registry, repository, tag, digest })
    if (!(reference instanceof Refusal)) expect(parseReference(formatReference(reference))).toEqual(reference)
  })
})

describe('what a name leaves out comes from the configuration', () => {
  test.for([
    [':1.2', 'ghcr.io/acme/shop:1.2'],
    [`@${sha256}`, `ghcr.io/acme/shop@${sha256}`],
    ['', 'ghcr.io/acme/shop:main'],
    ['ghcr.io/acme/other', 'ghcr.io/acme/other:main'],
    ['docker.io/acme/shop:2', 'docker.io/acme/shop:2'],
  ] as const)('"%s"', ([text, whole]) => {
    const reference = parseReference(text, { repository: 'ghcr.io/acme/shop', tag: 'main' })
    expect(reference instanceof Refusal ? reference : formatReference(reference)).toBe(whole)
  })
})

describe('a wrong name is refused with the part that is wrong', () => {
  test.for([
    ['', ''],
    [':1.2', ''],
    ['ghcr.io/Acme/shop', 'Acme/shop'],
    ['ghcr.io/acme/shop:', ''],
    ['ghcr.io/acme/shop:.hidden', '.hidden'],
    [`ghcr.io/acme/shop:${'a'.repeat(129)}`, `${'a'.repeat(80)}…`],
    ['ghcr.io/acme/shop:a:b', 'a:b'],
    ['ghcr.io/acme/shop@sha256:zz', 'sha256:zz'],
    [`ghcr.io/acme/shop@${sha256.toUpperCase()}`, sha256.toUpperCase()],
    [`ghcr.io/acme/shop@md5:${'0'.repeat(32)}`, `md5:${'0'.repeat(32)}`],
    [`ghcr.io/a@${sha256}@${sha256}`, `ghcr.io/a@${sha256}@${sha256}`.slice(0, 80) + '…'],
    ['ghcr.io@evil.tld/o/i', 'evil.tld/o/i'],
    ['user:pass@ghcr.io/o/i', 'ghcr.io/o/i'],
    ['ghcr.io//shop', '/shop'],
    ['ghcr.io/acme/', 'acme/'],
    ['ghcr.io/../shop', '../shop'],
    ['https://ghcr.io/acme/shop', 'https:'],
    ['ghcr.io:99999/acme/shop', 'ghcr.io:99999'],
    ['0x7f.1/acme/shop', '0x7f.1'],
    ['2130706433:5000/acme/shop', '2130706433:5000'],
    ['ghcr。io/acme/shop', 'ghcr。io/acme/shop'],
    ['gh cr.io/acme/shop', 'gh cr.io'],
    [`ghcr.io/${'a'.repeat(300)}`, `${'a'.repeat(80)}…`],
    ['x'.repeat(600), `${'x'.repeat(80)}…`],
  ] as const)('%s', ([text, part]) => {
    const refusal = parseReference(text)
    expect(refusal).toBeInstanceOf(Refusal)
    expect((refusal as Refusal).problem).toMatchObject({ code: 'REFERENCE_INVALID', found: part, who: 'requester' })
  })
})

test('a canonical repository has its host and no tag', () => {
  expect(canonicalRepository({ registry: 'docker.io', repository: 'library/nginx' })).toBe('docker.io/library/nginx')
})
