import { describe, expect, test } from 'vitest'
import { LEFT_OUT } from '../../../../src/runtime/cloudflare/build/left-out.ts'
import { staticSite } from '../../../../src/runtime/cloudflare/build/stubs/static.ts'
import type { Doors } from '../../../../src/deploy/target.ts'

/** As that file of a package goes into the Worker's bundle. */
const bundled = (of: string, path: string, text: string): string =>
  LEFT_OUT.filter((one) => one.of === of && one.files.test(path)).reduce((left, { without }) => without(left, path), text)
const short = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

describe("what describes the API goes from Gantry's own modules", () => {
  const path = 'web/api/deploy.ts'

  test('a route keeps what a request is held to', () => {
    const route = `const route = createRoute({
  method: 'post',
  path: '/deploy',
  tags: ['Deploy'],
  ...mayBeRefused('QUEUE_FULL'),
  request: { body: { content: { 'application/json': { schema } } } },
  responses: { 202: json(deploymentSchema, 'It is written down.') },
})`
    expect(short(bundled('gantry', path, route))).toBe(
      "const route = createRoute({ method: 'post', path: '/deploy', request: { body: { content: { 'application/json': { schema } } } }, })",
    )
  })

  test('a schema keeps its rules, and goes where nothing is held to it', () => {
    expect(short(bundled('gantry', path, "const name = z.string().min(1).describe('Its name.').optional().openapi({ example: 'shop' })"))).toBe(
      'const name = /*@__PURE__*/(()=>z.string().min(1) .optional() )()',
    )
  })

  test.each([
    'export const deploy: Endpoint = (api, doors) => api.openapi(route, async (c) => c.json({}))',
    "export const deploy: Endpoint = (api, doors) => api.openapi(createRoute({ 'request': { body } }), handler)",
    'const read = backupSchema.safeParse(text)',
    'const held = z.object({}).parse(text)',
  ])('%s is no description', (text) => expect(bundled('gantry', path, text)).toBe(text))
})

test("lines of HTML lose what stands before them, and values of theirs don't", () => {
  const page = 'const page = html`<ul>\n    <li>one</li>\n      ${text`\n   two`}\n  </ul>`'
  expect(bundled('gantry', 'web/pages/overview.ts', page)).toBe('const page = html`<ul>\n<li>one</li>\n${text`\n   two`}\n</ul>`')
})

test('every line stays where it was', () => {
  const text = "const one = z\n  .string()\n  .describe(\n    'Its\tname.',\n  )\nthrow new Error('here')"
  expect(bundled('gantry', 'web/view.ts', text).split('\n').indexOf("throw new Error('here')")).toBe(5)
})

test('methods that nobody calls go from the classes of libraries', () => {
  const zod = "const ZodString = $constructor('ZodString', init, { email(p) { return this }, min(n) { return this }, jwt() {} })"
  expect(short(bundled('zod', 'v4/classic/schemas.js', zod))).toBe("const ZodString = $constructor('ZodString', init, { min(n) { return this }, })")
  const yaml = 'class Document { constructor() {} clone() { return 1 } setSchema() {} get contents() { return 2 } }'
  expect(short(bundled('yaml', 'browser/dist/doc/Document.js', yaml))).toBe(
    'class Document { constructor() {} setSchema() {} get contents() { return 2 } }',
  )
})

test('of the events that Octokit knows those that Gantry reads stay', () => {
  const names = 'var emitterEventNames = ["branch_protection_rule", "issue_comment.created", "star.created"];'
  expect(short(bundled('@octokit/webhooks', 'dist-bundle/index.js', names))).toBe('var emitterEventNames = [ "issue_comment.created", ];')
})

test('a `static` target may be declared, and a deployment to it is refused before anything is done', async () => {
  const accepted = staticSite.options({ listen: '127.0.0.1:8081' })
  const target = staticSite.create('site', 'options' in accepted ? accepted.options : null, {} as Doors)
  expect(target.parse({})).toMatchObject({ problem: { code: 'TARGET_REFUSED', sentence: expect.stringContaining('needs one that runs on Node') } })
  await expect(target.reach()).rejects.toMatchObject({ problem: { code: 'TARGET_REFUSED' } })
})
