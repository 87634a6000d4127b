import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/main.mjs', import.meta.url))

/** Somebody follows a page of `docs/` from its beginning to its end; each of its commands is run as it stands there, in one folder. */
export class FollowedPage {
  readonly #folder: string
  readonly #blocks: readonly string[]
  #next = 0

  constructor(page: string, folder: string) {
    this.#folder = folder
    const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8')
    // What calls the API is run by test/runtime/docs-api.test.ts; what asks Cloudflare cannot be run here.
    this.#blocks = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)]
      .map(([, block = '']) => block)
      .filter((block) => !/^curl |\bwrangler r2\b/m.test(block))
    writeFileSync(join(folder, 'gantry'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o700 })
  }

  /** The next block, which has to have this in it. */
  follow(
    what: string,
    {
      names = {},
      environment = {},
    }: { readonly names?: Readonly<Record<string, string>>; readonly environment?: Readonly<Record<string, string>> } = {},
  ): { readonly out: string; readonly err: string } {
    const block = this.#blocks[this.#next++] ?? ''
    expect(block).toContain(what)
    const text = Object.entries(names).reduce((line, [from, to]) => line.replaceAll(from, to), block)
    const keys = { GANTRY_DATA: this.#folder, GANTRY_KEYS_PATH: join(this.#folder, 'vault.keys') }
    const env = { PATH: `${this.#folder}:${process.env['PATH']}`, ...keys, ...environment }
    const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', text], { cwd: this.#folder, env, encoding: 'utf8' })
    expect(status, `${block}\n${stderr}`).toBe(0)
    return { out: stdout, err: stderr }
  }

  get isAtItsEnd(): boolean {
    return this.#next === this.#blocks.length
  }
}
