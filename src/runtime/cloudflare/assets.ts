import accounts from '../../web/client/accounts.css?raw'
import deployment from '../../web/client/deployment.css?raw'
import frame from '../../web/client/frame.css?raw'
import script from '../../web/client/gantry.js?raw'
import narrow from '../../web/client/narrow.css?raw'
import parts from '../../web/client/parts.css?raw'
import repository from '../../web/client/repository.css?raw'
import type { Outside } from '../../assemble.ts'
import { STYLES } from '../styles.ts'

const TEXTS: Readonly<Record<(typeof STYLES)[number], string>> = {
  'frame.css': frame,
  'parts.css': parts,
  'deployment.css': deployment,
  'repository.css': repository,
  'accounts.css': accounts,
  'narrow.css': narrow,
}

/** What the pages load, as `readAssets` gives it on Node. */
export const assets: Outside['assets'] = { style: STYLES.map((name) => TEXTS[name]).join(''), script }
