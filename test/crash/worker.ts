import { parentPort } from 'node:worker_threads'
import { withoutThreads } from './threads.ts'
import { play, type Job, type Outcome } from './worlds.ts'

withoutThreads()
const unhandled: unknown[] = []
process.on('unhandledRejection', (error) => unhandled.push(error))

parentPort?.on('message', async (job: Job) => {
  const outcome: Outcome = await play(job)
  const more = unhandled.splice(0).map((error) => ({ kind: 'broken' as const, what: `nobody handled ${String(error)}` }))
  parentPort?.postMessage({ ...outcome, findings: [...outcome.findings, ...more] })
})
