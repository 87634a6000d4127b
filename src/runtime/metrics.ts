import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { createMetricsServer } from './metrics/serve.ts'
import { collecting, type Sources } from './metrics/collect.ts'
import { createInstruments } from './metrics/instruments.ts'
import { createShare } from './metrics/share.ts'
import type { Told } from './told.ts'
import type { LineCounts, Log } from './log.ts'

export interface Metrics extends Told {
  /** The server of `/metrics`, not listening yet. */
  server(sources: Sources, lines: LineCounts, log: Log): Server
}

/** What happens is told from the first moment on; the rest is asked of the database whenever Prometheus asks. */
export function createMetrics(now: () => number): Metrics {
  const instruments = createInstruments()
  const { registry, build, webhooks, webhookSeconds, github, githubLeft, backups, lines } = instruments
  const left = createShare(now)
  build.set({ version: ownVersion(), node: process.versions.node }, 1)
  return {
    webhook: (status, seconds) => {
      webhooks.inc({ status: status ?? 'none' })
      // Of what GitHub did not sign the sender decides how long it takes.
      if (status === 202 || status === 204) webhookSeconds.observe(seconds)
    },
    github: (outcome, share) => {
      github.inc({ outcome })
      if (share !== null) left.note(share)
    },
    backup: (outcome) => backups.inc({ outcome }),
    server: (sources, counts, log) => {
      const collect = collecting(instruments, sources)
      const text = async (): Promise<string> => {
        await collect()
        githubLeft.set(left.smallest())
        lines.reset()
        for (const [level, count] of Object.entries(counts)) lines.inc({ level }, count)
        return registry.metrics()
      }
      return createMetricsServer(text, registry.contentType, log)
    },
  }
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
