import type { Artifact, Hands, PullCredential } from '../../deploy/target.ts'
import { type Code, Failure, type ProblemDetails } from '../../errors.ts'
import { calls } from './calls.ts'
import { type Answer, type Engine, messageOf } from './engine.ts'
import { tidied } from './tidied.ts'

/** Lets the engine pull the digest, unless it has it. Failures carry the registry's codes: the engine only passes its words on. */
export async function pullImage(engine: Engine, artifact: Artifact, hands: Hands): Promise<void> {
  const { repository, digest } = artifact
  if ((await engine.find(calls.image(`${repository}@${digest}`), hands.signal)) !== null) return
  const credential = await hands.credential(artifact)
  hands.log(`pulling ${repository}@${digest}`)
  const answer = await engine.ask(calls.pull(repository, digest, credential), [200, 400, 401, 403, 404, 500], hands.signal)
  const error = answer.status === 200 ? errorInside(answer) : messageOf(answer)
  if (error !== null) throw pullFailure(error, artifact, credential)
}

/** Once progress has begun the status is 200 whatever happens; the error is then a line of the stream. */
export function errorInside({ bytes }: Answer): string | null {
  for (const line of new TextDecoder().decode(bytes).split('\n').toReversed()) {
    const error = /"error"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(line)?.[1]
    if (error !== undefined) return tidied(String(JSON.parse(error)))
  }
  return null
}

type Reading = readonly [words: RegExp, code: Code, details: ProblemDetails]

/** The engine's words for what went wrong between it and the registry (moby `distribution/errors.go`, `registry/auth.go`). */
const READINGS: readonly Reading[] = [
  [
    /toomanyrequests|rate limit/i,
    'RATE_LIMITED',
    {
      sentence: 'The registry lets the container engine pull no more images for now.',
      next: 'Wait, or set a credential for this registry in the operator file.',
    },
  ],
  [
    /unauthorized|no basic auth|authentication required|access to the resource is denied|denied:/i,
    'CREDENTIALS_INVALID',
    { sentence: "The registry refused the container engine's pull.", next: 'Check the credential of this registry in the operator file.' },
  ],
  [
    /no matching manifest/i,
    'PLATFORM_MISSING',
    { sentence: "The image is not built for the container engine's platform.", next: 'Build the image for this platform too.' },
  ],
  [
    /manifest unknown|not found|repository .* does not exist/i,
    'NOT_FOUND_OR_HIDDEN',
    {
      sentence: 'The registry does not show this image to the container engine.',
      next: 'Push the image again, or check what the credential may read.',
    },
  ],
  [
    /server gave HTTP response to HTTPS client/i,
    'TLS_PROTOCOL',
    {
      sentence: 'The registry does not speak TLS where the container engine expects it.',
      next: 'Give the registry a certificate, or list it under `insecure-registries` of the engine.',
      who: 'target',
    },
  ],
  [
    /x509|certificate/i,
    'TLS_UNTRUSTED',
    {
      sentence: 'The container engine does not trust the connection to the registry.',
      next: "Give the engine the registry's CA (`/etc/docker/certs.d`).",
      who: 'target',
    },
  ],
  [
    /no space left on device/i,
    'TARGET_REFUSED',
    { sentence: "The container engine's disk is full.", next: 'Remove what is not needed (`docker system prune`), then deploy again.' },
  ],
  [
    /dial tcp|no such host|connection re|timeout|timed out|deadline exceeded|EOF|50[0234]/i,
    'REGISTRY_UNAVAILABLE',
    {
      sentence: 'The container engine could not reach the registry.',
      next: "Deploy again; if it stays so, check the network of the engine's machine.",
    },
  ],
]

export function pullFailure(error: string, { repository, digest }: Artifact, credential: PullCredential | null): Failure {
  const [, code, details] = READINGS.find(([words]) => words.test(error)) ?? ([null, 'TARGET_REFUSED', UNKNOWN] as const)
  const as = credential === null ? 'anonymously' : 'with a credential'
  return new Failure(code, { found: `${error} (pulling ${as})`, wanted: `${repository}@${digest}`, ...details })
}

const UNKNOWN: ProblemDetails = {
  sentence: 'The container engine could not pull the image.',
  next: 'Put right what the engine says, then deploy again.',
}
