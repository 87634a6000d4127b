import { brotliCompressSync } from 'node:zlib'
import { startPlainWorkerd } from '../world/plain-workerd.ts'
import type { PlainWorkerd } from '../world/plain-workerd.ts'
import { emptyWorker } from '../world/tally-worker.ts'
import { buildWorker, compressedSize } from '../world/worker-bundle.ts'
import type { WorkerBundle } from '../world/worker-bundle.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'
import { withFolder } from './servers.ts'
import { workersCost } from './workers-cost.ts'
import { workersIntake } from './workers-intake.ts'

const STARTS = 11
const MOST_BYTES = 350_000
const MOST_TIMES = 3

/** The Worker: how large it is, how long it takes from nothing to its first answer beside an empty one, how many deliveries it stores, and what a deployment costs. */
export const workers = (): Promise<Measure[]> =>
  withFolder(async (folder) => {
    const bundle = await buildWorker(folder)
    return [sizeOf(bundle), await startUp(bundle), ...(await workersIntake(bundle)), ...(await workersCost(bundle))]
  })

function sizeOf(bundle: WorkerBundle): Measure {
  const bytes = compressedSize(bundle)
  const all = Buffer.from(bundle.modules.map(({ content }) => content).join(''))
  return {
    name: 'bundle of the Worker, gzip',
    ours: bytes,
    peer: null,
    ratio: null,
    goal: MOST_BYTES,
    holds: bytes <= MOST_BYTES,
    unit: 'bytes',
    minified: all.byteLength,
    brotli: brotliCompressSync(all).byteLength,
  }
}

async function startUp(bundle: WorkerBundle): Promise<Measure> {
  const ours = await startPlainWorkerd({ bundle })
  const empty = await startPlainWorkerd({ bundle: emptyWorker })
  try {
    const times = { ours: [] as number[], empty: [] as number[] }
    for (let start = 0; start < STARTS; start++) {
      times.ours.push(await againIn(ours))
      times.empty.push(await againIn(empty))
    }
    const ratio = median(times.ours) / median(times.empty)
    return {
      name: 'start-up of the Worker, to the first answer',
      ours: rounded(median(times.ours)),
      peer: rounded(median(times.empty)),
      ratio: rounded(ratio),
      goal: MOST_TIMES,
      holds: ratio <= MOST_TIMES,
      unit: 'ms',
    }
  } finally {
    await Promise.all([ours.stop(), empty.stop()])
  }
}

async function againIn(workerd: PlainWorkerd): Promise<number> {
  await workerd.restart()
  return workerd.startedIn
}
