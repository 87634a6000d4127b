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

try {
  const { values } = parseArgs({ options })
  if (values.help) console.log(USAGE)
  else if (values.once) process.exitCode = await playOnce((text) => console.log(text))
  else await demo(values.port, !values['no-open'])
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 2
}

async function demo(port: string | undefined, isOpening: boolean): Promise<void> {
  const town = await Town.opens(PACE)
  process.on('exit', () => town.kills())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(0))
  const { url } = port === undefined ? await serve(town, PORT).catch(() => serve(town, 0)) : await serve(town, Number(port))
  console.log(
    `\n  Gantry's demo is at ${url}\n\n  A pull request with the real bot behind it. Type /deploy staging there.\n  Ctrl+C stops it; nothing of it stays.\n`,
  )
  if (isOpening && hasDesktop()) open(url)
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
