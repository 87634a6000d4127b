import { fingerprint } from './fingerprint.ts'
import type { Assets, Site } from './visit.ts'

/** Paths go by the text, so that a browser never shows a page with the looks of another version. */
export function assetsOf(style: string, script: string): Assets {
  const paths = { style: `/assets/gantry-${fingerprint(style)}.css`, script: `/assets/gantry-${fingerprint(script)}.js` }
  return {
    ...paths,
    files: [
      { path: paths.style, type: 'text/css; charset=utf-8', text: style },
      { path: paths.script, type: 'text/javascript; charset=utf-8', text: script },
      { path: ICON_PATH, type: 'image/svg+xml', text: ICON },
    ],
  }
}

/** Nothing at a path ever changes. */
export const KEPT = 'public, max-age=31536000, immutable'

/** Compressed here: they hold no secret that somebody could guess by how long the answer is. Pages are not, for that reason. */
export function serveAssets(site: Site, { files }: Assets): void {
  for (const { path, type, text } of files) {
    const compressed = once(() => gzip(text))
    site.get(path, async (c) => {
      const isTaken = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '')
      Object.assign(c.get('headers'), { 'content-type': type, 'cache-control': KEPT, vary: 'accept-encoding' })
      if (!isTaken) return c.body(text)
      c.get('headers')['content-encoding'] = 'gzip'
      return c.body(await compressed())
    })
  }
}

export const ICON_PATH = '/assets/crane.svg'
/** A gantry crane with a container on its hook. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="none" stroke="#e59a00" stroke-width="3" stroke-linecap="round" d="M5 28V7m22 21V7M2 7h28M16 8v6"/><rect x="10" y="14" width="12" height="9" rx="1.5" fill="#0b8a7e"/></svg>'

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | null = null
  return () => (made ??= make())
}

const gzip = async (text: string): Promise<ArrayBuffer> =>
  new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
