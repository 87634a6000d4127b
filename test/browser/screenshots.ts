import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { small } from './small-png.ts'

/** For people to look at. No test compares pixels: fonts differ from machine to machine. */
const FOLDER = fileURLToPath(new URL('../../fixtures/screenshots/', import.meta.url))

/** `GANTRY_SCREENSHOTS=write`: they are made anew. */
const isWritten = process.env['GANTRY_SCREENSHOTS'] === 'write'

export const kept = (): readonly string[] => (isWritten ? [] : readdirSync(FOLDER))

/** A longer page shows more of the same. */
const HIGHEST = 1_700

/** The page as it is now, down to the end of what it says. */
export async function keep(page: Page, name: string): Promise<void> {
  if (!isWritten) return
  mkdirSync(FOLDER, { recursive: true })
  const { width, height } = await page.evaluate(
    (most) => ({
      width: innerWidth,
      height: Math.min(most, Math.ceil(document.body.getBoundingClientRect().bottom + scrollY)),
    }),
    HIGHEST,
  )
  const png = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height }, animations: 'disabled' })
  writeFileSync(`${FOLDER}${name}.png`, small(png))
}
