import { readFileSync } from 'node:fs'
import { packTar } from 'modern-tar'
import type { Artifact, PullCredential } from '../../src/deploy/target.ts'
import type { Digest } from '../../src/registry/reference.ts'

/** How a test image behaves once it runs. */
export type Behaviour = 'healthy' | 'no healthcheck' | 'never healthy' | 'stops'

/** Test images: busybox and a start script, made by import, because the engine builds nothing without a plugin. */
export class DockerImages {
  readonly fetch: typeof globalThis.fetch
  readonly #credential: PullCredential

  constructor(fetch: typeof globalThis.fetch, credential: PullCredential) {
    this.fetch = fetch
    this.#credential = credential
  }

  async make(name: string, version: string, behaviour: Behaviour): Promise<Artifact> {
    const repository = `${this.#credential.registry}/${name}`
    const query = new URLSearchParams({ fromSrc: '-', repo: repository, tag: version })
    for (const change of changesFor(version, behaviour)) query.append('changes', change)
    await this.#ask('POST', `/images/create?${query}`, new Uint8Array(await fileSystem(version)))
    const pushed = await this.#ask('POST', `/images/${repository}/push?tag=${version}`)
    const digest = /"Digest":"(sha256:[0-9a-f]{64})"/.exec(pushed)?.[1]
    if (digest === undefined) throw new Error(`the push of ${repository}:${version} gave no digest: ${pushed}`)
    await this.#ask('DELETE', `/images/${repository}:${version}?force=true`)
    return { name: 'main', repository, digest: digest as Digest }
  }

  async #ask(method: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<string> {
    const { registry, username, password } = this.#credential
    const auth = Buffer.from(JSON.stringify({ username, password: password.reveal(), serveraddress: registry })).toString('base64url')
    const response = await this.fetch(`http://localhost${path}`, { method, headers: { 'x-registry-auth': auth }, ...(body && { body }) })
    const text = await response.text()
    if (response.ok && !text.includes('errorDetail')) return text
    throw new Error(`${method} ${path}: ${response.status} ${text}`)
  }
}

/** The waiting is done in the background, so that the signal to stop is heard at once. */
const START = (version: string) => `#!/bin/sh
echo "version ${version} starts"
trap 'exit 0' TERM
busybox httpd -p 80 -h /www
while :; do sleep 60 & wait $!; done
`

async function fileSystem(version: string): Promise<Uint8Array> {
  const busybox = readFileSync('/usr/bin/busybox')
  const file = (name: string, body: string | Uint8Array, mode = 0o644) => ({ header: { name, mode, size: Buffer.byteLength(body) }, body })
  const link = (name: string) => ({ header: { name, type: 'symlink' as const, size: 0, linkname: 'busybox' } })
  const programs = [file('bin/busybox', busybox, 0o755), ...['sh', 'sleep', 'true', 'false', 'test'].map((name) => link(`bin/${name}`))]
  return packTar([...programs, file('start', START(version), 0o755), file('www/index.html', version)])
}

function changesFor(version: string, behaviour: Behaviour): readonly string[] {
  const command = behaviour === 'stops' ? `CMD ["/bin/sh","-c","echo version ${version} gives up; exit 3"]` : 'CMD ["/start"]'
  const probe = behaviour === 'never healthy' ? '/bin/false' : '/bin/true'
  const check = `HEALTHCHECK --interval=150ms --retries=2 CMD ["${probe}"]`
  const hasCheck = behaviour === 'healthy' || behaviour === 'never healthy'
  return [command, `ENV VERSION=${version}`, 'ENV PATH=/bin', ...(hasCheck ? [check] : [])]
}
