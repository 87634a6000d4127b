import { expect, test } from 'vitest'
import { LABELS, calls } from '../../src/targets/docker/calls.ts'
import type { AnyEngine } from './docker-place.ts'

/** What Gantry relies on in an engine's answers: the simulated engine must say what the real one says. */
export function engineContract(engine: () => AnyEngine): void {
  test('the engine answers as the target expects', async () => {
    const { fetch, credential, ...registry } = engine()
    const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
      const content = body === undefined ? {} : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } }
      const response = await fetch(`http://localhost${path}`, { method, headers, ...content })
      const text = await response.text()
      const { message = '' } = response.ok || text === '' ? {} : (JSON.parse(text) as { message?: string })
      return [response.status, message] as const
    }
    const { repository, digest } = await registry.image('acme/facts', '1', 'no healthcheck')
    const pull = calls.pull(repository, digest, credential)
    expect(await ask('POST', pull.path)).toEqual([500, expect.stringContaining('no basic auth credentials')])
    expect((await ask('POST', pull.path, undefined, pull.headers))[0]).toBe(200)

    const version: unknown = await (await fetch(`http://localhost${calls.version.path}`)).json()
    expect(version).toMatchObject({ Version: expect.any(String), Os: 'linux', Arch: expect.any(String) })

    const create = (name: string, wants: object = {}) =>
      ask('POST', `/containers/create?name=${name}`, { Image: `${repository}@${digest}`, ...wants })
    expect(await ask('POST', '/containers/create?name=none', { Image: 'acme/none:1' })).toEqual([404, expect.stringContaining('No such image')])
    expect((await create('facts-one', { Labels: { [LABELS.workload]: 'facts' } }))[0]).toBe(201)
    expect(await create('facts-one')).toEqual([409, expect.stringContaining('is already in use by container')])
    expect(await ask('GET', '/containers/facts-none/json')).toEqual([404, expect.stringContaining('No such container')])

    expect((await ask('POST', '/containers/facts-one/stop?t=1'))[0]).toBe(304)
    expect((await ask('POST', '/containers/facts-one/start'))[0]).toBe(204)
    expect((await ask('POST', '/containers/facts-one/start'))[0]).toBe(304)
    expect(await ask('DELETE', '/containers/facts-one')).toEqual([409, expect.stringContaining('You cannot remove a running container')])

    expect(await ask('GET', '/networks/facts-none')).toEqual([404, expect.stringContaining('network facts-none not found')])
    expect((await ask('POST', '/networks/create', { Name: 'facts' }))[0]).toBe(201)
    const join = { Container: 'facts-one', EndpointConfig: { Aliases: ['facts'] } }
    expect((await ask('POST', '/networks/facts/connect', join))[0]).toBe(200)
    expect(await ask('POST', '/networks/facts/connect', join)).toEqual([403, expect.stringContaining('already exists in network facts')])
    expect((await ask('POST', '/networks/facts/disconnect', { Container: 'facts-one' }))[0]).toBe(200)
    expect(await ask('POST', '/networks/facts/disconnect', { Container: 'facts-one' })).toEqual([500, expect.stringContaining('is not connected to')])

    const bound = { ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18999' }] } } }
    expect((await create('facts-two', bound))[0]).toBe(201)
    const listed = async (workload?: string) => {
      const all = (await (await fetch(`http://localhost${calls.containers(workload).path}`)).json()) as { Names: readonly string[] }[]
      return all.flatMap(({ Names }) => Names).filter((name) => name.startsWith('/facts-'))
    }
    expect([await listed(), await listed('facts'), await listed('other')]).toEqual([['/facts-one'], ['/facts-one'], []])
    expect((await create('facts-three', bound))[0]).toBe(201)
    expect((await ask('POST', '/containers/facts-two/start'))[0]).toBe(204)
    expect(await ask('POST', '/containers/facts-three/start')).toEqual([500, expect.stringContaining('port is already allocated')])

    for (const name of ['one', 'two', 'three']) expect((await ask('DELETE', `/containers/facts-${name}?force=true&v=true`))[0]).toBe(204)
    expect(await ask('DELETE', '/containers/facts-one?force=true')).toEqual([404, expect.stringContaining('No such container')])
    expect((await ask('DELETE', '/networks/facts'))[0]).toBe(204)
  })
}
