import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** Everything that is measured. docs/monitoring.md says the same of each; a test compares them. */
export type Instruments = ReturnType<typeof createInstruments>

/** A webhook is given up by GitHub after ten seconds; a deployment takes seconds to minutes, with an approval hours. */
const WEBHOOK_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10]
const WORK_SECONDS = [1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3_600, 14_400]

/** In a registry of its own: the library's global one would be everybody's. No label ever has a value that somebody outside chose. */
export function createInstruments() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name: `gantry_${name}`, help, labelNames, registers })
  const counter = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name: `gantry_${name}`, help, labelNames, registers })
  const histogram = <L extends string = never>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram<L>({ name: `gantry_${name}`, help, buckets, labelNames, registers })

  return {
    registry,
    build: gauge('build_info', 'Always 1; the labels say what runs.', 'version', 'node'),
    ready: gauge('ready', 'Whether that part is as it should be (1), as /readyz says it.', 'part'),
    open: gauge('deployments_open', 'Deployments that have not ended, by their state.', 'state'),
    openAge: gauge('deployments_oldest_seconds', 'How long the oldest deployment in that state has been in it; 0 where there is none.', 'state'),
    overdue: gauge('deployments_overdue', 'Deployments that still wait though their time is over.'),
    unknown: gauge('deployments_unknown', 'Deployments of unknown outcome that hold their environment.'),
    drifted: gauge('drifted_environments', 'Environments whose target runs what nobody deployed.'),
    locks: gauge('locks', 'Locks on environments, by who took them.', 'by'),
    lockAge: gauge('locks_oldest_seconds', 'Age of the oldest lock, by who took it; 0 where there is none.', 'by'),
    inbox: gauge('inbox_deliveries', 'Deliveries that are stored and not handled.'),
    inboxAge: gauge('inbox_oldest_seconds', 'Age of the oldest delivery that is stored and not handled; 0 where there is none.'),
    unsaid: gauge('unsaid', 'Last words on deployments, and answers, that GitHub does not show yet; those of the last day.'),
    unsaidAge: gauge('unsaid_oldest_seconds', 'Age of the oldest of the words that are unsaid; 0 where there is none.'),
    caughtUp: gauge(
      'caught_up_seconds',
      'How long ago the time is up to which missed deliveries have been looked for; since the start where nobody could.',
    ),
    limited: gauge('github_limited_installations', 'Installations for which GitHub wants no calls now.'),
    githubLeft: gauge('github_left_ratio', "The smallest share of an hour's requests that GitHub said to be left, in the last five minutes."),
    backupAge: gauge('backup_age_seconds', 'Age of the newest backup that was restored for a trial and found whole; 0 where backups are off.'),
    backupInterval: gauge('backup_interval_seconds', 'How often a backup is made; 0 where backups are off.'),
    database: gauge('database_bytes', 'Size of the database, and of what has been written and not yet been brought into it (wal).', 'file'),
    disk: gauge('disk_bytes', 'Of the disk that the database is on: its size, and what is free.', 'part'),
    requested: counter('deployments_requested_total', 'Deployments that were asked for, by the door they came through.', 'door'),
    ended: counter('deployments_total', 'Deployments that ended: how, and who can put right why.', 'outcome', 'who'),
    problems: counter('problems_total', 'Why deployments ended and wishes were refused: the codes of docs/troubleshooting.md.', 'code'),
    seconds: histogram('deployment_seconds', 'From the request to its end.', WORK_SECONDS, 'outcome'),
    steps: histogram('step_seconds', 'Steps of deployments that have ended.', WORK_SECONDS, 'step'),
    deliveries: counter('deliveries_total', 'Deliveries that were stored: arrived, or missed and fetched back.', 'event', 'how'),
    webhooks: counter('webhooks_total', 'Answers to webhooks, by status; none where the sender went before.', 'status'),
    webhookSeconds: histogram('webhook_seconds', 'From the headers of a webhook that GitHub had signed to its answer.', WEBHOOK_SECONDS),
    github: counter('github_requests_total', 'Requests to GitHub: done, refused, limited, broken (5xx) or none (no answer).', 'outcome'),
    backups: counter('backups_total', 'Backups that Gantry made by itself, by what their trial showed.', 'outcome'),
    lines: counter('log_lines_total', 'Lines of the log that somebody should read.', 'level'),
  }
}
