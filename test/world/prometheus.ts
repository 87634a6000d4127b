import { existsSync } from 'node:fs'

export const PROGRAMS = {
  prometheus: '/usr/bin/prometheus',
  promtool: '/usr/bin/promtool',
  alertmanager: '/usr/bin/prometheus-alertmanager',
  amtool: '/usr/bin/amtool',
} as const

/** Why they cannot be run here; null where they can. */
export function missingPrometheus(): string | null {
  const missing = Object.values(PROGRAMS).filter((program) => !existsSync(program))
  return missing.length === 0 ? null : `${missing.join(', ')} not installed (apt-get install prometheus prometheus-alertmanager)`
}
