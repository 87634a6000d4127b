import { eventually } from '../world/grounds.ts'
import { comesToRest } from './asked.ts'
import { Leaking } from './canary-stage.ts'
import { MISCHIEF } from './echoing-registry.ts'
import { otherPaths } from './other-paths.ts'
import { Checks } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { found } from './sealed.ts'

/** Nothing is sent to a realm that nobody trusts, or before there is a connection: these three only talk. */
const UNSENT = ['a realm on another host with the secret in its address', 'TLS that fails', 'a name that does not exist']

const g01: Scenario = {
  id: 'G01',
  tried: `40 canary secrets in variables, files and the vault, each with each of ${Object.keys(MISCHIEF).length} registries that fail and echo it in nine spellings, as /preflight and as /deploy; commands that fail; deaths; errors nobody catches; backups; all at LOG_LEVEL=trace (secrets under 6 characters and common words: G12; core files: not tried; there are no metrics)`,
  async run() {
    const stage = await Leaking.make()
    const checks = new Checks()
    try {
      for (const file of ['targets.yml', ...stage.registries.map((_, nth) => `kept${nth}.yml`)]) {
        const { code, output } = await stage.types(['vault', 'put', file, '--untested'])
        checks.that(code === 0, `nothing was kept: ${output.slice(0, 300)}`)
      }
      await stage.opens()
      await meets(stage, checks)
      stage.looksAtFiles()
      await stage.ends()
      const sent = stage.registries.reduce((sum, { reached }) => sum + reached(), 0)
      const never = stage.registries.filter(({ reached }) => reached() === 0).map(({ what }) => what)
      const met = stage.canaries.length * stage.registries.length
      const most = met - UNSENT.length * stage.canaries.length
      checks.that(sent > 0.9 * most, `only ${sent} of ${met} secrets were sent`)
      checks.that(
        never.every((what) => UNSENT.includes(what)),
        `nothing was sent where there was ${never.join(' or ')}`,
      )
      const others = await otherPaths(stage, checks)
      const sinks = looks(stage, checks)
      return checks.finding(
        `${met} meetings of ${stage.canaries.length} canaries with ${stage.registries.length} failures of a registry, each as /preflight and as /deploy (in ${sent} the secret had been sent; it has to stay here where there is ${never.join(' or ')}), and ${others.length} other paths with each of them (${others.join(', ')}); nothing in ${sinks}`,
      )
    } finally {
      await stage.closes()
    }
  },
}

/** Each canary begins with another failure, so that no registry is asked by all of them at once. */
async function meets(stage: Leaking, checks: Checks): Promise<void> {
  const { registries, homes } = stage
  for (const step of registries.keys()) {
    for (const [at, { person, pull }] of homes.entries())
      for (const verb of ['preflight', 'deploy']) person.comments(pull, `/${verb} e${(at + step) % registries.length}`)
    await stage.delivers()
  }
  const isSaid = () => stage.rows('select 1 from announcement where is_complete = 0').length === 0
  const isOver = comesToRest(stage, 600).then(async (isAtRest) => isAtRest && eventually(isSaid, 120))
  await Promise.race([isOver, stage.gantry.ended])
  if (stage.gantry.child.exitCode !== null) throw new Error(`it ended: ${stage.gantry.output.slice(-500)}`)
  checks.that(await isOver, 'it has not come to rest')
  const answers = homes.reduce((sum, { pull }) => sum + stage.said(pull).length, 0)
  const failures = stage.rows(`select 1 from deployment where state = 'failure'`).length
  checks.that(failures === homes.length * registries.length, `only ${failures} deployments have come to a registry`)
  checks.that(answers === 2 * homes.length * registries.length, `${answers} answers`)
}

/** In everything that there is; answers how much that was. */
function looks(stage: Leaking, checks: Checks): string {
  const { sinks, secrets, canaries } = stage
  for (const [where, texts] of sinks) {
    const leaks = found(texts, secrets)
    const of = canaries.filter(({ value }) => found(leaks, [value]).length > 0).map(({ what }) => what)
    checks.that(leaks.length === 0, `${where}: ${leaks.length} parts of ${of.join(', ') || 'keys or tokens'}: ${leaks.slice(0, 3).join(' … ')}`)
  }
  const size = (texts: readonly string[]): string => `${(texts.reduce((sum, { length }) => sum + length, 0) / 1e6).toFixed(1)} MB`
  return `${sinks.size} sinks (${[...sinks].map(([where, texts]) => `${where} ${size(texts)}`).join(', ')})`
}

export const leaking: readonly Scenario[] = [g01]
