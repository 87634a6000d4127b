import { readFileSync } from 'node:fs'
import type { LayerFiles } from '../world/image.ts'
import { html } from '../../src/runtime/setup-pages.ts'

/** A version of the shop, as its web page tells them apart. */
export interface Release {
  readonly version: string
  readonly headline: string
  readonly line: string
  /** A class of `shop.css`: its colours. */
  readonly look: 'slate' | 'sea' | 'plum' | 'amber'
}

export const RELEASES: readonly Release[] = [
  { version: '1.0', headline: 'Lamps, lanterns, lights', line: 'Our first page on the web.', look: 'slate' },
  { version: '1.1', headline: 'Find your lamp', line: 'New: a search that forgives typos.', look: 'sea' },
  { version: '1.2', headline: 'Longer evenings', line: 'The autumn lamps are here.', look: 'plum' },
]

/** The files of an image that serves this version from `/site`. */
export const shopPage = (release: Release): LayerFiles => ({ site: null, 'site/index.html': pageOf(release), 'site/shop.css': STYLE })

/** What CI builds of a commit on the pull request's branch. */
export const commitPage = (sha: string): LayerFiles =>
  shopPage({ version: sha.slice(0, 7), headline: 'Checkout in two steps', line: 'Basket, pay, done.', look: 'amber' })

const STYLE = readFileSync(new URL('shop.css', import.meta.url))

const pageOf = ({ version, headline, line, look }: Release): string =>
  html`<!doctype html>
    <html lang="en" class="${look}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Acme Lamps ${version}</title>
        <link rel="stylesheet" href="shop.css" />
      </head>
      <body>
        <header><strong>Acme Lamps</strong><span>version ${version}</span></header>
        <main>
          <h1>${headline}</h1>
          <p>${line}</p>
          <ul>
            <li></li>
            <li></li>
            <li></li>
          </ul>
        </main>
      </body>
    </html> `.html
