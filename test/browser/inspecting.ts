import axe from 'axe-core'
import type { CDPSession, Page } from 'playwright-core'

/** What is asked of every page. */

/**
 * What axe-core objects to, by any of its rules, a line for each element: the page as it is now, in its theme and at its width. Its source is
 * evaluated from outside: the page itself runs no inline script.
 */
export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations: found } = await (globalThis as unknown as { axe: typeof axe }).axe.run()
    return found.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html} ${failureSummary ?? ''}`))
  })
}

/** Bytes over the wire of everything that has come until `total` is asked, by path. What streams on and on is not among them. */
export async function weigh(page: Page): Promise<{ readonly parts: Map<string, number>; total(): number }> {
  const client: CDPSession = await page.context().newCDPSession(page)
  const [paths, parts] = [new Map<string, string>(), new Map<string, number>()]
  client.on('Network.requestWillBeSent', ({ requestId, request }) => void paths.set(requestId, new URL(request.url).pathname))
  client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => void parts.set(paths.get(requestId) ?? requestId, encodedDataLength))
  await client.send('Network.enable')
  await client.send('Network.setCacheDisabled', { cacheDisabled: true })
  return { parts, total: () => [...parts.values()].reduce((sum, bytes) => sum + bytes, 0) }
}

/** With the Tab key from the beginning of the page to its end: what there is, and what came. */
export async function goesThrough(page: Page): Promise<readonly [all: readonly string[], came: readonly ReturnType<typeof focused>[]]> {
  const all = await page.evaluate(controls)
  const came = []
  for (let index = 0; index < all.length; index += 1) {
    await page.keyboard.press('Tab')
    // A date has its parts.
    while (came.length > 0 && (await page.evaluate(focused)).name === came.at(-1)?.name) await page.keyboard.press('Tab')
    came.push(await page.evaluate(focused))
  }
  return [all, came]
}

/** Runs in the page: everything that the keyboard should come to, in the order of the page. */
function controls(): string[] {
  const all = document.querySelectorAll<HTMLElement>('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')
  const isSeen = (one: HTMLElement) => one.checkVisibility() && !(one as HTMLButtonElement).disabled
  return [...all].filter(isSeen).map((one, index) => {
    one.dataset['nth'] = String(index)
    return `${index} ${one.tagName.toLowerCase()} ${one.textContent.replaceAll(/\s+/g, ' ').trim().slice(0, 40)}`
  })
}

/** Runs in the page: what has the focus now, as `controls` calls it, and whether that can be seen. */
function focused(): { readonly name: string; readonly isSeen: boolean } {
  const one = document.activeElement as HTMLElement
  const { outlineStyle, outlineWidth } = getComputedStyle(one)
  const { top, bottom, left, right } = one.getBoundingClientRect()
  const isInside = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth
  const name = `${one.dataset['nth'] ?? '?'} ${one.tagName.toLowerCase()} ${one.textContent.replaceAll(/\s+/g, ' ').trim().slice(0, 40)}`
  return { name, isSeen: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 && isInside }
}
