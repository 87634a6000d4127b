import { parentPort } from 'node:worker_threads'
import { playEngine, type EngineJob } from './engine/worlds.ts'
import { withoutThreads } from './threads.ts'
import { play, type Job, type Outcome } from './worlds.ts'

withoutThreads()
const unhandled: unknown[] = []
process.on('unhandledRejection', (error) => unhandled.push(error))

let isWarm = false

/** What is loaded when it is first needed takes a time of its own: the first world of a thread would be another history than the same one later. */
async function playBot(job: Job): Promise<Outcome> {
  if (!isWarm) await play({ path: null, deaths: [], seed: 1 })
  isWarm = true
  return play(job)
}

parentPort?.on('message', async (job: Job | EngineJob) => {
  const outcome = 'path' in job ? await playBot(job) : await playEngine(job)
  const more = unhandled.splice(0).map((error) => ({ kind: 'broken' as const, what: `nobody handled ${String(error)}` }))
  parentPort?.postMessage({ ...outcome, findings: [...outcome.findings, ...more] })
})
