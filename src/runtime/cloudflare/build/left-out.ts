import { type ESTree, parseSync, Visitor, type VisitorObject } from 'rolldown/utils'
import { EVENTS } from '../../../bot/intake.ts'

/** Of which package which files go into the bundle with less in them than they have. `gantry`: those below `src/`. Lines stay where they are, for the source maps. */
export const LEFT_OUT: readonly {
  readonly of: string
  readonly files: RegExp
  readonly without: (text: string, file: string) => string
}[] = [
  { of: 'gantry', files: /^web\/(?:look|pages)\//, without: withoutIndents },
  { of: 'gantry', files: /^(?:web|config|accounts)\//, without: withoutDescriptions },
  { of: 'zod', files: /^v4\/classic\/schemas\.js$/, without: withoutMethods },
  { of: 'yaml', files: /^browser\/dist\/(?:doc|nodes)\//, without: withoutMethods },
  { of: '@sigstore/protobuf-specs', files: /^dist\/__generated__\//, without: withoutWriting },
  { of: '@octokit/webhooks', files: /^dist-bundle\/index\.js$/, without: withoutEvents },
]

/** What stands in a text from one place to another (in UTF-16 units), and what comes instead: nothing, unless it is said. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly by?: string
}

/** What stands before a line of HTML: nobody sees it. */
function withoutIndents(text: string, file: string): string {
  return edited(text, file, (edit) => ({
    TaggedTemplateExpression({ tag, quasi }) {
      if (!isNamed(tag, ['html'])) return
      for (const { start, end } of quasi.quasis)
        for (const { index, 0: indent } of text.slice(start, end).matchAll(/(?<=\n) +/g))
          edit({ start: start + index, end: start + index + indent.length, by: '' })
    },
  }))
}

/**
 * What only describes the HTTP API: `.describe(…)` and `.openapi(…)` of a schema, and of a route what no request is held to. It is read where
 * /openapi.json is made. A schema that nothing is held to then, as an answer's, goes where it is marked as doing nothing else than being made.
 */
function withoutDescriptions(text: string, file: string): string {
  return edited(text, file, (edit) => ({
    CallExpression({ callee, arguments: [first], end }) {
      if (callee.type === 'MemberExpression' && isDescription(callee)) edit({ start: callee.object.end, end })
      if (isNamed(callee, ['createRoute']) && first?.type === 'ObjectExpression')
        for (const property of first.properties) if (isDescriptive(property)) edit(withComma(text, property))
    },
    VariableDeclarator({ id, init }) {
      if (init === null || id.type !== 'Identifier' || !isSchema(init)) return
      edit({ start: init.start, end: init.start, by: '/*@__PURE__*/(()=>' })
      edit({ start: init.end, end: init.end, by: ')()' })
    },
  }))
}

/** `api.openapi(route, handler)` is none. */
const isDescription = ({ object, property }: ESTree.MemberExpression): boolean =>
  isNamed(property, ['describe', 'openapi']) && !isNamed(object, ['api'])

const isDescriptive = (property: ESTree.ObjectPropertyKind): boolean =>
  property.type === 'SpreadElement'
    ? property.argument.type === 'CallExpression' && isNamed(property.argument.callee, ['mayBeRefused'])
    : isNamed(property.key, ['operationId', 'tags', 'summary', 'description', 'security', 'responses'])

/** `z.object(…)`, or another schema with something to it; not what one makes of a value. */
function isSchema(made: ESTree.Expression): boolean {
  if (made.type !== 'CallExpression') return false
  if (made.callee.type !== 'MemberExpression') return isNamed(made.callee, ['closed'])
  const { object, property } = made.callee
  if (property.type !== 'Identifier' || /parse/i.test(property.name)) return false
  return object.type === 'Identifier' ? /^z$|Schema$/.test(object.name) : isSchema(object)
}

/** Methods of a library's classes that nobody calls, each of which may bring other classes along. */
function withoutMethods(text: string, file: string): string {
  return edited(text, file, (edit) => ({
    ClassDeclaration({ id, body }) {
      const uncalled = UNCALLED[id?.name ?? '']
      for (const method of body.body) if (method.type === 'MethodDefinition' && isNamed(method.key, uncalled)) edit(method)
    },
    // As zod makes a class: by its name, what is done with a new one, and its methods.
    CallExpression({ arguments: [name, , methods] }) {
      if (name?.type !== 'Literal' || methods?.type !== 'ObjectExpression') return
      const uncalled = UNCALLED[String(name.value)]
      for (const method of methods.properties)
        if (method.type === 'Property' && method.kind === 'init' && isNamed(method.key, uncalled)) edit(withComma(text, method))
    },
  }))
}

/** By class. Schemas are made, and a configuration is read, by every test of the bundle: a method that is called after all is missed there. */
const UNCALLED: Readonly<Record<string, readonly string[]>> = {
  ZodType: [
    ...['exactOptional', 'nonoptional', 'catch', 'readonly', 'and', 'or', 'with', 'brand', 'register', 'apply', 'isOptional', 'isNullable'],
    ...['validate', 'validateAsync', 'overwrite', 'toJSONSchema', 'encode', 'encodeAsync', 'safeEncode', 'safeEncodeAsync'],
    ...['decode', 'decodeAsync', 'safeDecode', 'safeDecodeAsync'],
  ],
  ZodString: [
    ...['email', 'url', 'jwt', 'emoji', 'guid', 'uuid', 'uuidv4', 'uuidv6', 'uuidv7', 'nanoid', 'cuid', 'cuid2', 'ulid', 'base64', 'base64url'],
    ...['xid', 'ksuid', 'ipv4', 'ipv6', 'cidrv4', 'cidrv6', 'e164', 'datetime', 'date', 'time', 'duration'],
  ],
  // Of YAML: what is read is looked at, and neither changed nor written.
  Document: [
    ...['clone', 'add', 'addIn', 'createAlias', 'createNode', 'createPair', 'delete', 'deleteIn', 'get', 'getIn', 'has', 'hasIn', 'set', 'setIn'],
    ...['toJS', 'toJSON', 'toString'],
  ],
  Directives: ['clone', 'tagString', 'toString'],
  Collection: ['clone', 'addIn', 'deleteIn', 'getIn', 'hasAllNullValues', 'hasIn', 'setIn'],
  YAMLMap: ['from', 'add', 'delete', 'get', 'has', 'set', 'toJSON', 'toString'],
  YAMLSeq: ['from', 'add', 'delete', 'get', 'has', 'set', 'toJSON', 'toString'],
  Pair: ['clone', 'toJSON', 'toString'],
}

/** How a message of Sigstore (made by ts-proto) is written as JSON: here messages are read. */
function withoutWriting(text: string, file: string): string {
  return edited(text, file, (edit) => ({
    FunctionDeclaration({ id, body }) {
      if (id?.name.endsWith('ToJSON') && body !== null) edit(inside(body))
    },
    Property({ key, value }) {
      if (isNamed(key, ['toJSON']) && value.type === 'FunctionExpression' && value.body !== null) edit(inside(value.body))
    },
  }))
}

const inside = ({ start, end }: Edit): Edit => ({ start: start + 1, end: end - 1 })

/** The names of events that no Gantry is sent: Octokit only warns where somebody listens to one that it does not know. */
function withoutEvents(text: string, file: string): string {
  return edited(text, file, (edit) => ({
    VariableDeclarator({ id, init }) {
      if (id.type !== 'Identifier' || id.name !== 'emitterEventNames' || init?.type !== 'ArrayExpression') return
      for (const name of init.elements) if (name?.type === 'Literal' && !EVENTS.includes(String(name.value))) edit(withComma(text, name))
    },
  }))
}

const isNamed = (name: ESTree.PropertyKey | ESTree.Expression, names: readonly string[] = []): boolean =>
  name.type === 'Identifier' && names.includes(name.name)

function withComma(text: string, { start, end }: Edit): Edit {
  const [comma = ''] = /^\s*,/.exec(text.slice(end)) ?? []
  return { start, end: end + comma.length }
}

/** Blank where something goes, so that what stands after it stays where it was. Of an edit within another nothing is left. */
function edited(text: string, file: string, looks: (edit: (edit: Edit) => void) => VisitorObject): string {
  const edits: Edit[] = []
  new Visitor(looks((edit) => void edits.push(edit))).visit(parseSync(file, text).program)
  let [whole, at] = ['', 0]
  for (const { start, end, by } of edits.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    if (start < at) continue
    whole += text.slice(at, start) + (by ?? text.slice(start, end).replaceAll(/[^\n]/g, ' '))
    at = end
  }
  return whole + text.slice(at)
}
