import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { secretOf } from '../../src/registry/credential.ts'
import { dockerCredential } from '../../src/runtime/docker-config.ts'

// A real config.json and real helpers: shell scripts that a test writes, found through PATH as Docker finds its own.

let folder: string
const path = process.env['PATH']
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-config-'))
  await mkdir(join(folder, 'bin'))
  process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${path}`
})
afterEach(async () => {
  process.env['PATH'] = path
  await rm(folder, { recursive: true })
})

const config = (content: object | string) => writeFile(join(folder, 'config.json'), typeof content === 'string' ? content : JSON.stringify(content))
async function helper(name: string, script: string): Promise<void> {
  const file = join(folder, 'bin', `docker-credential-${name}`)
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
}
const login = async (registry = 'ghcr.io', where = folder) => {
  const found = await dockerCredential(where, registry)
  return found === null ? null : `${found.kind === 'basic' ? found.username : '<token>'}:${secretOf(found)}`
}
const problem = (registry = 'ghcr.io', where = folder) =>
  dockerCredential(where, registry).then(String, (error: { problem: unknown }) => error.problem)

test('what docker login has written', async () => {
  await config({ auths: { 'ghcr.io': { auth: Buffer.from('ada:secret').toString('base64') } } })
  expect(await login()).toBe('ada:secret')
  expect(await login('ghcr.io', join(folder, 'config.json'))).toBe('ada:secret')
  expect(await login('quay.io')).toBeNull()
})

describe('a helper', () => {
  test('is asked with get, and the server on its standard input', async () => {
    await config({ credHelpers: { 'ghcr.io': 'test' } })
    await helper('test', `read -r server; printf '{"ServerURL":"%s","Username":"%s for %s","Secret":"s3cret"}' "$server" "$1" "$server"`)
    expect(await login()).toBe('get for ghcr.io:s3cret')
  })

  test('has none', async () => {
    await config({ credsStore: 'test' })
    await helper('test', `echo 'credentials not found in native keychain'; exit 1`)
    expect(await login()).toBeNull()
  })

  test('fails, and says why on its standard output', async () => {
    await config({ credsStore: 'test' })
    await helper('test', `echo 'the vault is locked'; exit 3`)
    expect(await problem()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: 'docker-credential-test ended with 3' })
  })

  test('does not read what it is told', async () => {
    await config({ credsStore: 'test' })
    await helper('test', `exec <&-; echo 'deaf'; exit 1`)
    expect(await problem()).toMatchObject({ found: 'docker-credential-test ended with 1' })
  })

  test('is not installed', async () => {
    await config({ credsStore: 'nowhere' })
    expect(await problem()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: 'docker-credential-nowhere gave no answer: ENOENT' })
  })

  test('says more than anybody reads', async () => {
    await config({ credsStore: 'test' })
    await helper('test', `head -c 300000 /dev/zero | tr '\\0' x`)
    expect(await problem()).toMatchObject({ found: 'docker-credential-test gave no answer: ERR_CHILD_PROCESS_STDIO_MAXBUFFER' })
  })

  test('does not answer', async () => {
    await config({ credsStore: 'test' })
    await helper('test', 'exec sleep 60')
    expect(await problem()).toMatchObject({ found: 'docker-credential-test gave no answer: none within 10000 ms' })
  }, 20_000)
})

test('a file that is not there, or no configuration', async () => {
  expect(await problem()).toMatchObject({ code: 'CREDENTIAL_SOURCE_FAILED', found: 'config.json: ENOENT' })
  await config('not JSON')
  expect(await problem()).toMatchObject({ found: 'config.json: no JSON object' })
})

test('~ is the user’s own folder', async () => {
  const nowhere = `~/.docker-of-nobody-${process.pid}`
  expect(await problem('ghcr.io', nowhere)).toMatchObject({ found: 'config.json: ENOENT' })
})
