import { parentPort } from 'node:worker_threads'
import { playEngine, type EngineJob } from './engine/worlds.ts'
import { withoutThreads } from './threads.ts'
import { play, type Job } from './worlds.ts'

withoutThreads()
const unhandled: unknown[] = []
process.on('unhandledRejection', (error) => unhandled.push(error))

parentPort?.on('message', async (job: Job | EngineJob) => {
  const outcome = 'path' in job ? await play(job) : await playEngine(job)
  const more = unhandled.splice(0).map((error) => ({ kind: 'broken' as const, what: `nobody handled ${String(error)}` }))
  parentPort?.postMessage({ ...outcome, findings: [...outcome.findings, ...more] })
})
