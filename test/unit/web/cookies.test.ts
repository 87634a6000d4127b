import { describe, expect, test } from 'vitest'
import { pathOf } from '../../../src/web/cookies.ts'

describe('where somebody goes on after signing in', () => {
  test.each(['/', '/d/sb-0123', '/r/acme/shop?environment=staging&x=%2Fy', '/r/acme/.github', '/a/acme'])('%s is a place of ours', (path) =>
    expect(pathOf(path)).toBe(path),
  )

  test.each([
    ...[
      '',
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '\\/evil.example',
      'javascript:alert(1)',
      'evil.example',
      '/\u0009/evil.example',
    ],
    ...['/\n/evil.example', '/a\r\nset-cookie: x=y', '/ evil', '/<script>', `/${'a'.repeat(700)}`],
  ])('%j is none', (path) => expect(pathOf(path)).toBe('/'))
})
