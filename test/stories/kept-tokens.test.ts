import { servesAt } from '../world/facts.ts'
import { expect, story } from '../story.ts'
import { newKey } from '../world/vault.ts'

story.once(
  'a registry token that still lives is not asked for again after a restart, and not kept without a key',
  async ({ world, ada, bot, registry, time }) => {
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    await registry.has('acme/shop:2', { 'site/index.html': 'two' })
    const asked = () => registry.requests.filter(({ path }) => path === '/token').length

    await ada.comments('/deploy staging :1')
    expect(bot.says()).toContain('ada** deployed')
    const first = asked()
    expect(first).toBeGreaterThan(0)
    expect(world.disk.all(`select 1 from vault_record where kind = 'registry-token'`)).toEqual([])
    world.keys = [newKey('k1')]
    await world.dies()
    await ada.comments('/deploy staging :2')
    expect(bot.says()).toContain('ada** deployed')
    const second = asked()
    expect(second).toBe(2 * first)
    expect(world.disk.all(`select 1 from vault_record where kind = 'registry-token'`)).toHaveLength(1)

    await world.dies()
    await ada.comments('/deploy staging :1')
    expect(bot.says()).toContain('ada** deployed')
    expect([await servesAt(world, '/'), asked()]).toEqual(['one', second])

    world.operator = world.operator.replace('username: gantry', 'username: gantry2')
    await world.dies()
    expect(world.disk.all(`select 1 from vault_record where kind = 'registry-token'`)).toEqual([])
    world.operator = world.operator.replace('username: gantry2', 'username: gantry')
    await world.dies()
    await time.passes('1 hour')
    await ada.comments('/deploy staging :2')
    expect(bot.says()).toContain('ada** deployed')
    expect([await servesAt(world, '/'), asked()]).toEqual(['two', second + 1])
  },
)
