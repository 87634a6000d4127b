// Loaded into the process under attack before its own code: its wall clock is off by the milliseconds that stand in a file.
import { readFileSync } from 'node:fs'

const True = Date
let offset = 0

function look(): void {
  try {
    offset = Number(readFileSync(process.env['WRONG_CLOCK'] ?? '', 'utf8'))
  } catch {
    // Half written: the next look sees it.
  }
}

look()
setInterval(look, 20).unref()

globalThis.Date = class extends True {
  constructor(...args: []) {
    if (args.length === 0) super(True.now() + offset)
    else super(...args)
  }

  static override now(): number {
    return True.now() + offset
  }
} as DateConstructor
