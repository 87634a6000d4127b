import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { serve } from './live.ts'
import { playOnce } from './once.ts'
import { Town } from './town.ts'

const USAGE = `npm run demo                 a pull request in the browser, with everything behind it
npm run demo -- --once       plays one deployment without a browser and prints the thread
npm run demo -- --port N     listens there (otherwise 4711, or any free port)
npm run demo -- --no-open    opens no browser`

const PORT = 4711
/** Slow enough that a person can follow the steps. */
const PACE = { github: 120, registry: 450 }

const options = {
  once: { type: 'boolean' },
  port: { type: 'string' },
  'no-open': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const values = read()
if (values === null) process.exitCode = 2
else if (values.help) console.log(USAGE)
else if (values.once) process.exitCode = await playOnce((text) => console.log(text))
else await demo(values.port, !values['no-open'])

function read() {
  try {
    const { values } = parseArgs({ options })
    if (values.port === undefined || (/^\d{1,5}$/.test(values.port) && Number(values.port) < 65_536)) return values
    console.error(`--port takes a number from 0 to 65535, not ${values.port}.\n\n${USAGE}`)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
  }
  return null
}

async function demo(port: string | undefined, isOpening: boolean): Promise<void> {
  const town = await Town.opens(PACE)
  process.on('exit', () => town.kills())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(0))
  const { url } = await listen(town, port)
  console.log(`
  Gantry's demo is at ${url}

  A pull request with the real bot behind it: comment /deploy staging there.
  Gantry's own pages, with the deploy button: ${town.page} (sign in as ada)
  Ctrl+C stops it, and nothing of it stays.
`)
  if (isOpening && hasDesktop()) open(url)
}

function listen(town: Town, port: string | undefined): Promise<{ readonly url: string }> {
  if (port === undefined) return serve(town, PORT).catch(() => serve(town, 0))
  return serve(town, Number(port)).catch((error: Error) => {
    console.error(`The demo cannot listen there: ${error.message}`)
    process.exit(1)
  })
}

function hasDesktop(): boolean {
  return process.stdout.isTTY && (process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']))
}

/** Quietly: the address stands in the terminal. */
function open(url: string): void {
  const [program, ...words] = { darwin: ['open'], win32: ['explorer'] }[process.platform as string] ?? ['xdg-open']
  spawn(program!, [...words, url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}
