import type { Assets } from '../../../../web/visit.ts'

/** Of the static assets that were made with this bundle (`modules.ts`). */
declare const STYLE_PATH: string
declare const SCRIPT_PATH: string

/** Stands in the Worker's bundle for the texts of what pages load: Cloudflare answers for that without it. */
export const assets: Assets = { style: STYLE_PATH, script: SCRIPT_PATH, files: [] }
