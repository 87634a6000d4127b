import { describe, expect, test } from 'vitest'
import acr from '../../../../fixtures/registries/acr.json' with { type: 'json' }
import artifactRegistry from '../../../../fixtures/registries/artifact-registry.json' with { type: 'json' }
import cloudflare from '../../../../fixtures/registries/cloudflare.json' with { type: 'json' }
import dockerHub from '../../../../fixtures/registries/docker-hub.json' with { type: 'json' }
import ecrPublic from '../../../../fixtures/registries/ecr-public.json' with { type: 'json' }
import ecr from '../../../../fixtures/registries/ecr.json' with { type: 'json' }
import ghcr from '../../../../fixtures/registries/ghcr.json' with { type: 'json' }
import gitlab from '../../../../fixtures/registries/gitlab.json' with { type: 'json' }
import harbor from '../../../../fixtures/registries/harbor.json' with { type: 'json' }
import quay from '../../../../fixtures/registries/quay.json' with { type: 'json' }
import { readError } from '../../../../src/registry/answer.ts'
import { anonymous } from '../../../../src/registry/credential.ts'
import type { Doors, Operation } from '../../../../src/registry/doors.ts'
import { keychainFor, keychains } from '../../../../src/registry/keychains/index.ts'
import { meaningOf } from '../../../../src/registry/meaning.ts'
import { basic } from '../../../world/registry-client.ts'

/** What registries were seen or documented to say, each with its source; `mark` as in the study of registries, `know` is unchecked. */
interface Recorded {
  readonly at: string
  readonly status: number
  readonly body: string
  readonly means: string
  readonly mark: string
  readonly source: string
  /** Part of the advice that is particular to these words. */
  readonly advice?: string
}

const recorded: Readonly<Record<string, readonly Recorded[]>> = {
  acr,
  'artifact-registry': artifactRegistry,
  cloudflare,
  'docker-hub': dockerHub,
  'ecr-public': ecrPublic,
  ecr,
  ghcr,
  gitlab,
  harbor,
  quay,
}

const doors = { now: () => 0, after: () => () => {} } as unknown as Doors
const operation = { where: {}, deadline: 10_000, trail: {} } as unknown as Operation
const hear = ({ status, body }: Recorded) => readError(new Response(body, { status }), [], doors, operation)

describe.each(Object.entries(recorded))('%s', (name, list) => {
  const keychain = keychainFor('registry.example.com', name)

  test.each(list)('$at $status means $means: $body', async (one) => {
    expect(one.mark).toMatch(/^(live|src|doc|issue|know)$/)
    expect(one.source).not.toBe('')
    const { code, details } = meaningOf(one.at as 'registry', await hear(one), keychain, basic('x', 'y'))
    expect(code).toBe(one.means)
    if (one.advice === undefined) expect(details.next).toBeUndefined()
    else expect(details.next).toContain(one.advice)
  })

  test('nothing is wrong with a credential that was not shown', async () => {
    for (const one of list) {
      const { code } = meaningOf(one.at as 'registry', await hear(one), keychain, anonymous)
      expect(code).not.toMatch(/^(CREDENTIALS_INVALID|CREDENTIAL_EXPIRED|LOGIN_LOCKED)$/)
      // What an image itself is refused for (a signature that is missing, a vulnerability) concerns everybody.
      if (one.status < 404) expect(code).not.toBe('PERMISSION_DENIED')
    }
  })

  test('every saying has been recorded', async () => {
    const heard = await Promise.all(list.map(async (one) => ({ one, answer: await hear(one) })))
    const unheard = (keychain.sayings ?? []).filter(
      ({ status, words, at }) =>
        !heard.some(
          ({ one, answer }) =>
            status.includes(one.status) && (at ?? one.at) === one.at && words.test([answer.code, answer.message].filter(Boolean).join(' ')),
        ),
    )
    expect(unheard).toEqual([])
  })
})

test('every family is here', () => {
  expect(Object.keys(recorded).toSorted()).toEqual(
    keychains
      .map(({ name }) => name)
      .filter((name) => name !== 'generic')
      .toSorted(),
  )
})
