import accounts from '../../web/client/accounts.css?raw'
import deployment from '../../web/client/deployment.css?raw'
import frame from '../../web/client/frame.css?raw'
import script from '../../web/client/gantry.js?raw'
import narrow from '../../web/client/narrow.css?raw'
import parts from '../../web/client/parts.css?raw'
import repository from '../../web/client/repository.css?raw'
import { assetsOf } from '../../web/assets.ts'
import type { Assets } from '../../web/visit.ts'
import { STYLES } from '../styles.ts'

const TEXTS: Readonly<Record<(typeof STYLES)[number], string>> = {
  'frame.css': frame,
  'parts.css': parts,
  'deployment.css': deployment,
  'repository.css': repository,
  'accounts.css': accounts,
  'narrow.css': narrow,
}

/** What the pages load, as `readAssets` gives it on Node. A Worker has it as static assets, and in its bundle `build/stubs/page-assets.ts` stands here. */
export const assets: Assets = assetsOf(STYLES.map((name) => TEXTS[name]).join(''), script)
