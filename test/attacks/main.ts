// npm run attack [-- ID or GROUP …] [--json]: the scenarios of the threat model against the real process, black box.
// JSON Lines of {id, tried, outcome, holds}; ends with 1 when one does not hold. `holds` is null for what is left out.
import { alarms } from './alarms.ts'
import { api } from './api.ts'
import { browsers } from './api-browsers.ts'
import { apiLimits } from './api-limits.ts'
import { programs } from './api-programs.ts'
import { backups } from './backups.ts'
import { bodies } from './bodies.ts'
import { commits } from './commits.ts'
import { connections } from './connections.ts'
import { deaths } from './deaths.ts'
import { deliveries } from './deliveries.ts'
import type { Scenario } from './scenario.ts'
import { floods, tenantFloods } from './floods.ts'
import { leaking } from './leaking.ts'
import { long } from './long.ts'
import { pageBrowsers, pageWords } from './page-browsers.ts'
import { pageForms } from './page-forms.ts'
import { pageLogin } from './page-login.ts'
import { positions } from './positions.ts'
import { queues } from './queues.ts'
import { records } from './records.ts'
import { rules } from './rules.ts'
import { shown } from './shown.ts'
import { signatures } from './signatures.ts'
import { tenants } from './tenants.ts'
import { troubles } from './troubles.ts'
import { who } from './who.ts'
import { vaulted } from './vaulted.ts'
import { wishes } from './wishes.ts'

const GROUPS: Readonly<Record<string, readonly Scenario[]>> = {
  '2A': inOrder([...signatures, ...bodies, ...connections, ...deliveries]),
  '2B': inOrder([...who, ...commits, ...positions, ...rules]),
  '2C': pageWords,
  '2D': inOrder([...tenants, ...tenantFloods]),
  '2F': inOrder([...api, ...programs, ...browsers, ...pageForms, ...pageLogin, ...pageBrowsers, ...apiLimits, ...floods]),
  '2G': inOrder([...leaking, ...vaulted, ...shown]),
  '2H': inOrder([...deaths, ...queues, ...troubles, ...wishes, ...long]),
  '2I': inOrder([...alarms, ...backups, ...records]),
}

function inOrder(scenarios: readonly Scenario[]): readonly Scenario[] {
  return scenarios.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

const words = process.argv.slice(2).filter((word) => word !== '--json')
const all = Object.values(GROUPS).flat()
const chosen = words.length === 0 ? all : words.flatMap((word) => GROUPS[word.toUpperCase()] ?? all.filter(({ id }) => id === word.toUpperCase()))
if (chosen.length === 0) {
  console.error(
    `There is no scenario or group ${words.join(', ')}; groups: ${Object.keys(GROUPS).join(', ')}; scenarios: ${all.map(({ id }) => id).join(', ')}.`,
  )
  process.exit(2)
}
for (const { id, tried, run } of chosen) {
  const { outcome, holds } = await run().catch((error: unknown) => ({ outcome: `the attempt itself failed: ${String(error)}`, holds: false }))
  console.log(JSON.stringify({ id, tried, outcome, holds }))
  if (holds === false) process.exitCode = 1
}
