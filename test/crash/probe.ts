import { createHash } from 'node:crypto'
import { World } from '../world/world.ts'
import { Pace } from '../world/pace.ts'
import { tagOf } from '../world/facts.ts'
import { withoutThreads } from './threads.ts'
withoutThreads()
const t0 = performance.now()
for (let i = 0; i < 12; i++) {
  const a = performance.now()
  const world = await World.begin({ pace: new Pace(i % 4) })
  const b = performance.now()
  await world.registry.has(`acme/shop:${tagOf(world)}`, { 'site/index.html': 'hello', 'site/style.css': 'a {}' })
  world.github.people.ada.comments(1, '/deploy staging')
  world.github.people.ada.comments(1, '/deploy production')
  await world.settle()
  const c = performance.now()
  world.isQuiet()
  const trace = createHash('sha256').update(world.life.crossings.log.join('\n')).digest('hex').slice(0, 12)
  console.log((b - a).toFixed(0), (c - b).toFixed(0), (performance.now() - c).toFixed(0), world.crossed, trace)
  await world.end()
}
console.log(performance.now() - t0)
