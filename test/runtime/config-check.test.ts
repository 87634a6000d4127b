import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configCheckCommand } from '../../src/runtime/config-check.ts'
import { GantryProcess } from '../world/gantry-process.ts'

const VALID = `version: 1
images:
  main: { repository: ghcr.io/acme/shop }
environments:
  production:
    target: machine
    allow: { role: maintain }
    approvals: { count: 1 }
`
const LOOSER = VALID.replace('    allow: { role: maintain }\n    approvals: { count: 1 }\n', '    from: { branches: [main] }\n')
const BROKEN = VALID.replace('approvals', 'aprovals').replace('shop }', 'shop, tag: 1.10 }')

const DEFAULTS = 'version: 1\nenvironments:\n  production: { approvals: { count: 2 } }\n'

const defaults = { 'a/deploy-defaults.yml': DEFAULTS, 'b/deploy-defaults.yml': DEFAULTS.replace('2', '1') }
const files: Readonly<Record<string, string>> = {
  'valid.yml': VALID,
  'looser.yml': LOOSER,
  'broken.yml': BROKEN,
}

const known: Readonly<Record<string, string>> = { ...files, ...defaults }

async function run(...words: string[]): Promise<{ code: number; output: string }> {
  const said: string[] = []
  const machine = { repository: 'shop', readFile: (path: string) => known[path] ?? null, readStandardInput: async () => LOOSER }
  const code = await configCheckCommand(words, { ...machine, print: (text) => void said.push(text) })
  return { code, output: said.join('\n') }
}

describe('gantry config check', () => {
  test('says of a valid file that it is, and ends with 0', async () => {
    expect(await run('check', 'valid.yml')).toEqual({ code: 0, output: 'valid.yml is valid.' })
  })

  test('says everything that is wrong, each at its place, and ends with 1', async () => {
    const { code, output } = await run('check', 'broken.yml')
    expect(code).toBe(1)
    expect(output).toMatchInlineSnapshot(`
      "broken.yml:3:47: YAML reads "1.10" as the number 1.1; put it in quotes.
      broken.yml:8:5: The key "aprovals" is not known here. Did you mean "approvals"?
      broken.yml is not valid: 2 problems."
    `)
  })

  test('says whom the file lets do what the other one did not', async () => {
    const { code, output } = await run('check', '-', '--against', 'valid.yml')
    expect(code).toBe(0)
    expect(output).toMatchInlineSnapshot(`
      "stdin is valid.

      looser     shop/production: the role write is enough to deploy; it was maintain.
      looser     shop/production: no approval is needed; it was 1 approval by anybody with the role write.
      stricter   shop/production: only "main" may be deployed; any branch could."
    `)
  })

  test('knows the account’s defaults by the name of the file', async () => {
    const { code, output } = await run('check', 'b/deploy-defaults.yml', '--against', 'a/deploy-defaults.yml')
    expect(code).toBe(0)
    expect(output).toMatchInlineSnapshot(`
      "b/deploy-defaults.yml is valid.

      looser     production: the number of approvals needed is 1; it was 2."
    `)
  })

  test('takes any file for them where it is told so', async () => {
    const { code, output } = await run('check', '--defaults', 'valid.yml')
    expect(code).toBe(1)
    expect(output).toContain('valid.yml:2:1: The key "images" is not known here.')
    expect((await run('check', '-', '--against', 'a/deploy-defaults.yml')).output).toContain('stdin:2:1: The key "images" is not known here.')
  })

  test('says that nothing changes, and that the other one was not valid', async () => {
    expect((await run('check', 'valid.yml', '--against', 'valid.yml')).output).toContain("Against valid.yml it changes nobody's permissions.")
    expect((await run('check', 'valid.yml', '--against', 'broken.yml')).output).toContain('broken.yml is not valid, so all of it is new.')
    expect((await run('check', 'broken.yml', '--against', 'valid.yml')).output).not.toContain('looser')
  })

  test('ends with 1 where a file cannot be read, and with 2 where the words are wrong', async () => {
    expect(await run('check', 'nothing.yml')).toEqual({ code: 1, output: 'nothing.yml cannot be read.' })
    expect(await run('check', 'valid.yml', '--against', 'nothing.yml')).toEqual({ code: 1, output: 'nothing.yml cannot be read.' })
    for (const words of [[], ['chek', 'valid.yml'], ['check'], ['check', 'a', 'b'], ['check', '-', '--against', '-'], ['check', 'a', '--wrong']]) {
      const { code, output } = await run(...words)
      expect([code, output], words.join(' ')).toEqual([2, expect.stringContaining('gantry config check FILE [--against FILE]')])
    }
  })
})

describe('the real program', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-config-'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([
    [['valid.yml'], 0, 'valid.yml is valid.'],
    [['-', '--against', 'valid.yml'], 1, 'stdin:8:5: The key "aprovals" is not known here. Did you mean "approvals"?'],
    [['folder'], 1, 'folder cannot be read.'],
  ] as const)('%s', async (words, code, output) => {
    const gantry = new GantryProcess({ folder, words: ['config', 'check', ...words], input: BROKEN })
    expect([await gantry.ended, gantry.output]).toEqual([code, expect.stringContaining(output)])
  })
})
