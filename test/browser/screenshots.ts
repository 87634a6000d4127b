import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { small } from './small-png.ts'

/** For people to look at. No test compares pixels: fonts differ from machine to machine. */
const FOLDER = fileURLToPath(new URL('../../fixtures/screenshots/', import.meta.url))

/** `GANTRY_SCREENSHOTS=write`: they are made anew. */
const isWritten = process.env['GANTRY_SCREENSHOTS'] === 'write'

/** Their sizes in bytes, by name. */
export const kept = (): ReadonlyMap<string, number> => new Map(readdirSync(FOLDER).map((name) => [name, statSync(`${FOLDER}${name}`).size]))

/** The page as it is now, down to the end of what it says; a long one shows more of the same further down. */
export async function keep(page: Page, name: string): Promise<void> {
  if (!isWritten) return
  mkdirSync(FOLDER, { recursive: true })
  const { width, height } = await page.evaluate(() => ({
    width: innerWidth,
    height: Math.min(innerWidth > 600 ? 1_000 : 1_300, Math.ceil(document.body.getBoundingClientRect().bottom + scrollY)),
  }))
  const png = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height }, animations: 'disabled' })
  writeFileSync(`${FOLDER}${name}.png`, small(png))
}
