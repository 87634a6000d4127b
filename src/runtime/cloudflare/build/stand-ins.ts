/** In the Worker's bundle a file of `stubs/` stands for what modules of a package import by these words. */
export interface StandIn {
  /** `gantry`: Gantry's own files. */
  readonly of: readonly string[]
  readonly imports: readonly string[]
  readonly by: string
}

/** Parts of packages that a Worker cannot run, or that Gantry never calls there. One that nothing imports is a mistake, which the build ends with. */
export const STAND_INS: readonly StandIn[] = [
  // Probot's own server, log and set-up.
  { of: ['probot'], imports: ['@probot/pino', 'npx-import-light', 'package-config', 'pino', 'pino-http'], by: 'node-only.ts' },
  // Parts of Octokit that are switched off, or would only say that a GitHub Enterprise Server is from before 2020.
  {
    of: ['probot'],
    imports: [
      ...['@octokit/plugin-enterprise-compatibility', '@octokit/plugin-paginate-rest', '@octokit/plugin-rest-endpoint-methods'],
      ...['@octokit/plugin-retry', '@octokit/plugin-throttling', '@probot/octokit-plugin-config', './get-octokit-throttle-options.js'],
    ],
    by: 'octokit.ts',
  },
  { of: ['@octokit/auth-app'], imports: ['@octokit/auth-oauth-app', '@octokit/auth-oauth-user'], by: 'octokit.ts' },
  // What /openapi.json is made of, which is a static asset.
  { of: ['@hono/zod-openapi'], imports: ['@asteasolutions/zod-to-openapi'], by: 'description.ts' },
  { of: ['gantry'], imports: ['./publish.ts'], by: 'description.ts' },
  { of: ['gantry'], imports: ['../examples.ts', '../account-examples.ts'], by: 'nothing.cjs' },
  { of: ['zod'], imports: ['../core/to-json-schema.js'], by: 'description.ts' },
  { of: ['zod'], imports: ['../core/json-schema-processors.js'], by: 'nothing.cjs' },
  // zod: its object of everything, its languages, its other ways of reading, and values that hold themselves.
  { of: ['gantry', '@hono/zod-openapi'], imports: ['zod'], by: 'zod.ts' },
  { of: ['zod'], imports: ['../locales/index.js', './compile.js', './from-json-schema.js', './memoizer.js'], by: 'unused.ts' },
  // Hono's routers, and applications in another.
  { of: ['gantry', '@hono/zod-openapi'], imports: ['hono'], by: 'hono.ts' },
  { of: ['hono'], imports: ['./utils/mount.js'], by: 'nothing.cjs' },
  // Markdown's emphasis, which `bot/prose-lines.ts` switches off, and `&eacute;`.
  { of: ['micromark-core-commonmark'], imports: ['./lib/attention.js', 'decode-named-character-reference'], by: 'unused.ts' },
  // yaml: writing, JSON's schema and the types of YAML 1.1. What is read is YAML 1.2, without tags (`config/yaml.ts`).
  { of: ['yaml'], imports: ['./createNode.js', '../doc/createNode.js', './json/schema.js'], by: 'nothing.cjs' },
  {
    of: ['yaml'],
    imports: ['stringifyCollection', 'stringifyDocument', 'stringifyPair', 'stringifyString'].map((name) => `../stringify/${name}.js`),
    by: 'nothing.cjs',
  },
  { of: ['yaml'], imports: ['stringifyNumber', 'stringifyString'].map((name) => `../../stringify/${name}.js`), by: 'nothing.cjs' },
  { of: ['yaml'], imports: ['binary', 'omap', 'pairs', 'schema', 'set', 'timestamp'].map((name) => `./yaml-1.1/${name}.js`), by: 'nothing.cjs' },
  // yaml: aliases, which `config/yaml-traps.ts` refuses before, and plain values, which `config/yaml.ts` makes itself.
  {
    of: ['yaml'],
    imports: [
      ...['../nodes/Alias.js', '../visit.js', './anchors.js', './addPairToJSMap.js'],
      ...['./toJS.js', '../nodes/toJS.js', './applyReviver.js', '../doc/applyReviver.js'],
    ],
    by: 'nothing.cjs',
  },
  // Messages and bundles of Sigstore that nobody makes here.
  { of: ['@sigstore/protobuf-specs'], imports: ['./__generated__/sigstore_verification'], by: 'nothing.cjs' },
  { of: ['@sigstore/bundle'], imports: ['./build'], by: 'nothing.cjs' },
  // A target that needs files.
  { of: ['gantry'], imports: ['./static.ts'], by: 'static.ts' },
  // The texts of what pages load, which are static assets.
  { of: ['gantry'], imports: ['./page-assets.ts'], by: 'page-assets.ts' },
]
