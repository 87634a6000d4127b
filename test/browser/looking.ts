import { chromium, type Browser } from 'playwright-core'

/** What every test of a page needs: the browser, and whether what it shows can be read. */

export const CHROMIUM = '/usr/bin/chromium'
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ARGS })

/** Runs in the page: controls, frames and headings that a screen reader would have no words for. */
export function nameless(): string[] {
  const all = [...document.querySelectorAll<HTMLInputElement>('a, button, input, textarea, iframe, summary, h1, h2, h3, [role=group]')]
  const name = (one: HTMLInputElement) => `${one.labels?.[0]?.textContent ?? ''}${one.textContent}${one.title}${one.getAttribute('aria-label') ?? ''}`
  return all.filter((one) => name(one).trim() === '').map((one) => one.outerHTML)
}

/** Runs in the page: the colour of each text, and that of the first opaque ground behind it. */
export function colours(): { text: string; ink: string; paper: string }[] {
  const seen = [...document.querySelectorAll<HTMLElement>('body *')].filter(
    (one) => [...one.childNodes].some(({ nodeType, textContent }) => nodeType === 3 && textContent?.trim()) && one.closest('.unseen, svg') === null,
  )
  const paperOf = (one: HTMLElement | null): string => {
    if (one === null) return 'rgb(255, 255, 255)'
    const ground = getComputedStyle(one).backgroundColor
    return ground === 'rgba(0, 0, 0, 0)' ? paperOf(one.parentElement) : ground
  }
  return seen.map((one) => ({ text: one.textContent.trim().slice(0, 40), ink: getComputedStyle(one).color, paper: paperOf(one) }))
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
export function contrast(ink: string, paper: string): number {
  const [light = 0, dark = 0] = [luminance(ink), luminance(paper)].toSorted((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

export function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
    const value = Number(part) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
