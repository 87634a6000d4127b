import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createRegistryClient } from '../../src/registry/client.ts'
import type { RegistryClient } from '../../src/registry/client.ts'
import { registryDoors } from '../../src/runtime/registry-doors.ts'
import { startDockerRegistry } from '../world/docker-registry.ts'
import { buildImage, pushImage } from '../world/image.ts'
import { basic, reference } from '../world/registry-client.ts'
import type { Measure } from './main.ts'
import { median, rounded } from './numbers.ts'

const ROUNDS = 7
const BATCH = 10
const GOALS = { cold: 0.35, warm: 0.15 } as const
const [NAME, PASSWORD] = ['alice', 'correct-horse-battery']

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now()
  await work()
  return performance.now() - from
}

/** From a tag to its digest at the real registry with tokens, in this process; against `skopeo inspect --raw`, which is a process of its own. */
export async function registry(): Promise<Measure[]> {
  const place = await startDockerRegistry({ auth: 'token', accounts: [{ name: NAME, password: PASSWORD, repositories: ['acme/*'] }] })
  try {
    const image = await buildImage({ 'index.html': 'hello' })
    await pushImage(`http://${place.host}`, 'acme/shop', '1.2', image, place.pushAuthorization('acme/shop'))
    const credential = basic(NAME, PASSWORD)
    const tag = `${place.host}/acme/shop:1.2`
    const client = () => createRegistryClient(registryDoors({ warn: () => {} }), { trustedRealms: [new URL(place.tokens!.realm).origin] })
    const resolve = (by: RegistryClient) => by.resolve(reference(tag), { credential })
    return measures(await interleaved({ tag, client, resolve }))
  } finally {
    await place.stop()
  }
}

interface Rivals {
  readonly tag: string
  client(): RegistryClient
  resolve(by: RegistryClient): Promise<unknown>
}

async function interleaved({ tag, client, resolve }: Rivals) {
  const skopeo = promisify(execFile)
  const inspect = ['inspect', '--raw', '--tls-verify=false', '--creds', `${NAME}:${PASSWORD}`, `docker://${tag}`]
  const held = client()
  const rivals = {
    // A new client has no connection, challenge or token.
    cold: () => resolve(client()),
    warm: () => resolve(held),
    skopeo: () => skopeo('skopeo', inspect),
    start: () => skopeo('skopeo', ['--version']),
  }
  const times: Record<keyof typeof rivals, number[]> = { cold: [], warm: [], skopeo: [], start: [] }
  for (let round = 0; round < ROUNDS; round++) {
    // In batches, because whoever comes after another has the other's data in the processor's caches.
    for (const [name, work] of Object.entries(rivals)) {
      await work()
      for (let run = 0; run < BATCH; run++) times[name as keyof typeof rivals].push(await timed(work))
    }
  }
  return times
}

function measures(times: Awaited<ReturnType<typeof interleaved>>): Measure[] {
  const peer = median(times.skopeo)
  return (['cold', 'warm'] as const).map((name) => {
    const ours = median(times[name])
    return {
      name: `registry ${name} resolve`,
      ours: rounded(ours),
      peer: rounded(peer),
      ratio: rounded(ours / peer),
      goal: GOALS[name],
      holds: ours / peer <= GOALS[name],
      unit: 'ms from a tag to its digest, against skopeo inspect --raw',
      // What of skopeo's time is only the start of its process.
      peerStartMs: rounded(median(times.start)),
      spread: [Math.min(...times[name]), Math.max(...times[name])].map(rounded),
    }
  })
}
