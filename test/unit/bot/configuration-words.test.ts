import { expect, test } from 'vitest'
import { configurationCheck } from '../../../src/bot/configuration-words.ts'
import { compareConfigurations } from '../../../src/config/repository-file.ts'

const HEAD = {
  key: 'k:42:1',
  repository: { id: 42, node: 'R', owner: 'acme', name: 'shop', installation: 1 },
  pull: 1,
  head: '1'.repeat(40),
  createdAt: 0,
}

const file = (dev: string, production: string, more = ''): string => `version: 1
app: shop
images: { main: { repository: ghcr.io/acme/shop } }
environments:
  dev: { target: t${dev} }
  production: { target: t${production} }
${more}`
const APPROVED = ', approvals: { count: 2 }'

function check(before: string, after: string): { conclusion: string; title: string; summary: string } {
  const change = { file: '.github/deploy.yml' as const, defaultBranch: 'main', base: 'main', before, after: { text: after } }
  const shown = configurationCheck(HEAD, change, compareConfigurations, { docs: null }) as {
    conclusion: string
    output: { title: string; summary: string }
  }
  return { conclusion: shown.conclusion, ...shown.output }
}

test('however many parameters come before it, what gets looser in production is said', () => {
  const many = Array.from({ length: 60 }, (_, index) => `p${index}: { type: string }`).join(', ')
  const { conclusion, title, summary } = check(file('', APPROVED), file(`, parameters: { ${many} }`, ''))
  expect([conclusion, title]).toEqual(['SUCCESS', 'Valid: 2 looser'])
  expect(summary).toContain('* `shop/production`: no approval is needed')
  expect(summary).toMatch(/\* `shop\/dev`: people may set 60 parameters: `p0`, .*`p49` and 10 more\./)
})

test('whoever may deploy and approve in a new environment is named to the last one', () => {
  const teams = (what: string): string => Array.from({ length: 50 }, (_, index) => `team:acme/${what.repeat(60)}${index}`).join(', ')
  const rules = `allow: { any: [${teams('d')}] }, approvals: { count: 1, by: [${teams('a')}] }`
  const { summary } = check(file('', ''), file('', '', `  new: { target: t, ${rules} }\n`))
  expect(summary).toContain(`\`team:acme/${'d'.repeat(60)}49\` may deploy there; 1 approval by`)
  expect(summary).toContain(`\`team:acme/${'a'.repeat(60)}49\` is needed.`)
})

test('nothing but the room decides how many changes are shown', () => {
  const environments = Array.from({ length: 60 }, (_, index) => `  e${index}: { target: t }\n`).join('')
  const { conclusion, summary } = check(file('', APPROVED), file('', '', environments))
  expect(conclusion).toBe('SUCCESS')
  expect(summary).toContain('* `shop/production`: no approval is needed')
  expect(summary).toContain('* `shop/e59`: a new environment')
  expect(summary).not.toContain('did not fit')
})

test('where not everything fits, the check is no success, and its title says so', () => {
  const environments = Array.from({ length: 1_500 }, (_, index) => `  "e${index}": { target: t }\n`).join('')
  const { conclusion, title, summary } = check(file('', APPROVED), file('', '', environments))
  expect(conclusion).toBe('NEUTRAL')
  expect(title).toMatch(/^Valid, but not everything is shown: \d+ looser$/)
  expect(summary).toMatch(/\*\*\d+ more did not fit here\.\*\* `gantry config check \.github\/deploy\.yml --against` says all of them\./)
  expect(summary.length).toBeLessThan(65_535)
})
