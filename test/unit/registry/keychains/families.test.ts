import { describe, expect, test } from 'vitest'
import type { Credential } from '../../../../src/registry/credential.ts'
import { anonymous } from '../../../../src/registry/credential.ts'
import { keychainFor, keychains } from '../../../../src/registry/keychains/index.ts'
import { Secret } from '../../../../src/secret.ts'
import { basic } from '../../../world/registry-client.ts'

describe('a host belongs to one family', () => {
  test.for([
    ['ghcr.io', 'ghcr'],
    ['docker.io', 'docker-hub'],
    ['123456789012.dkr.ecr.eu-central-1.amazonaws.com', 'ecr'],
    ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'ecr'],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'ecr'],
    ['123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu', 'ecr'],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'ecr'],
    ['123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn', 'ecr'],
    ['123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov', 'ecr'],
    ['123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov', 'ecr'],
    ['public.ecr.aws', 'ecr-public'],
    ['europe-west1-docker.pkg.dev', 'artifact-registry'],
    ['gcr.io', 'artifact-registry'],
    ['eu.gcr.io', 'artifact-registry'],
    ['contoso.azurecr.io', 'acr'],
    ['contoso-a1b2.azurecr.cn', 'acr'],
    ['contoso.azurecr.us', 'acr'],
    ['quay.io', 'quay'],
    ['registry.gitlab.com', 'gitlab'],
    ['registry.cloudflare.com', 'cloudflare'],
    // none of them
    ['demo.goharbor.io', 'generic'],
    ['gitlab.example.com:5050', 'generic'],
    ['ghcr.io.evil.example', 'generic'],
    ['evilghcr.io', 'generic'],
    ['123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example', 'generic'],
    ['12345678901.dkr.ecr.eu-central-1.amazonaws.com', 'generic'],
    ['123456789012.dkr.ecr.eu-central-1.evil.amazonaws.com', 'generic'],
    ['azurecr.io', 'generic'],
    ['contoso.azurecr.io.evil.example', 'generic'],
    ['docker.pkg.dev', 'generic'],
    ['evil.example-docker.pkg.dev', 'generic'],
    ['evilgcr.io', 'generic'],
    ['a.b.gcr.io', 'generic'],
    ['quay.io:443', 'generic'],
    ['127.0.0.1:5000', 'generic'],
  ] as const)('%s: %s', ([host, name]) => {
    expect(keychainFor(host).name).toBe(name)
    expect(keychains.filter((keychain) => keychain.serves(host)).map((keychain) => keychain.name)).toEqual(
      name === 'generic' ? ['generic'] : [name, 'generic'],
    )
  })

  test.each(keychains.filter(({ name }) => name !== 'generic'))('$name serves the hosts that it says', ({ hosts, name }) => {
    // Only the first star of ECR's is a number.
    for (const host of hosts) expect(keychainFor(host.replace(/^\*(?=\.dkr)/, '123456789012').replaceAll('*', 'eu-west-1')).name).toBe(name)
  })

  test.each(['harbor', 'gitlab', 'quay'])('%s is chosen by name under a host of one’s own', (family) => {
    expect(keychainFor('registry.example.com', family).name).toBe(family)
  })
})

test('a family that nobody knows is any other registry', () => expect(keychainFor('ghcr.io', 'nexus').name).toBe('generic'))

test('a secret leaves the registry’s own origin for two vendors only', () => {
  const realms = keychains.flatMap((keychain) => [keychain.realms?.('registry.example.com') ?? [], keychain.realms?.(keychain.hosts[0] ?? '') ?? []])
  expect([...new Set(realms.flat())]).toEqual(['https://auth.docker.io', 'https://gitlab.com'])
  expect(keychainFor('gitlab.example.com', 'gitlab').realms?.('gitlab.example.com')).toEqual([])
})

const ECR = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'
const key = JSON.stringify({ type: 'service_account', private_key: 'x' })

describe('what cannot work is refused before it is sent', () => {
  test.for([
    ['ghcr.io', basic('x', 'ghs_abc'), 'GitHub App installation token'],
    ['ghcr.io', basic('x', 'github_pat_abc'), 'fine-grained'],
    [ECR, basic('AWS', 'AKIAIOSFODNN7EXAMPLE'), 'IAM access key'],
    [ECR, basic('ASIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG'), 'IAM access key'],
    ['public.ecr.aws', basic('AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI'), 'IAM access key'],
    ['eu.gcr.io', basic('_json_key', 'not-json'), '_json_key'],
    ['eu.gcr.io', basic('somebody', key), '_json_key'],
    ['europe-docker.pkg.dev', basic('_json_key_base64', key), '_json_key'],
  ] as const)('%s, %j', ([host, credential, found]) => {
    const refusal = keychainFor(host).lint(host, credential)
    expect(refusal?.problem).toMatchObject({ code: 'CREDENTIAL_KIND_UNSUPPORTED', found: expect.stringContaining(found) })
    expect(JSON.stringify(refusal?.problem)).not.toContain(credential.kind === 'basic' && credential.password.reveal())
  })
})

describe('what may work is let through', () => {
  const identity: Credential = { kind: 'identity', token: new Secret('eyJ.eyJ.sig') }
  test.each(keychains)('$name: anonymous, an identity token, an ordinary login', (keychain) => {
    for (const credential of [anonymous, identity, basic('AWS', 'a.b.c')]) {
      expect(keychain.lint('registry.example.com', credential)).toBeNull()
      expect(keychain.suspect?.('registry.example.com', credential) ?? null).toBeNull()
    }
  })
  test.for([
    ['ghcr.io', basic('x', 'ghp_abc')],
    ['eu.gcr.io', basic('_json_key', key)],
    ['eu.gcr.io', basic('_json_key_base64', 'e30=')],
  ] as const)('%s, %j', ([host, credential]) => expect(keychainFor(host).lint(host, credential)).toBeNull())
})

const ROBOT = 'A1'.repeat(32)

describe('what only looks wrong is said where the registry refuses it', () => {
  test.for([
    ['ghcr.io', null, basic('x', 'ghu_abc'), 'ghu_'],
    ['docker.io', null, basic('ada', 'dckr_oat_abc'), 'organisation’s name'],
    ['docker.io', null, basic('ada@example.com', 'dckr_pat_abc'), 'Docker ID'],
    ['docker.io', null, basic('ada', 'dckr_pat_abc'), null],
    ['quay.io', null, basic('acme', ROBOT), 'organisation+name'],
    ['quay.io', null, basic('acme+robot', ROBOT), null],
    ['quay.io', null, basic('oauthtoken', 'abc'), '$oauthtoken'],
    ['quay.io', null, basic('$app', 'abc'), null],
    ['quay.io', null, basic('ada', 'abc'), null],
    ['registry.gitlab.com', null, basic('ada', 'gldt-abc'), 'own user name'],
    ['registry.gitlab.com', null, basic('gitlab+deploy-token-1', 'gldt-abc'), null],
    ['registry.gitlab.com', null, basic('gitlab-ci-token', 'glcbt-abc'), 'ends with its job'],
    ['registry.gitlab.com', null, basic('ada', 'glpat-abc'), null],
    ['harbor.example.com', 'harbor', basic('robot+deploy', 'abc'), 'single quotes'],
    ['harbor.example.com', 'harbor', basic('robot', 'abc'), 'single quotes'],
    ['harbor.example.com', 'harbor', basic('robot$shop+deploy', 'abc'), null],
    ['contoso.azurecr.io', null, basic('00000000-0000-0000-0000-000000000000', 'abc'), 'three hours'],
    ['contoso.azurecr.io', null, basic('11111111-0000-0000-0000-000000000000', 'abc'), null],
    ['gcr.io', null, basic('oauth2accesstoken', 'ya29.abc'), 'after an hour'],
    ['registry.cloudflare.com', null, basic('v1', 'cfut_abc'), 'API token'],
  ] as const)('%s %s %j: %s', ([host, family, credential, words]) => {
    const keychain = keychainFor(host, family)
    expect(keychain.lint(host, credential)).toBeNull()
    const said = keychain.suspect?.(host, credential) ?? null
    if (words === null) expect(said).toBeNull()
    else expect(said).toContain(words)
  })
})

describe('sentences', () => {
  test.each(keychains)('$name says what to grant, in the imperative', ({ grant, sayings = [] }) => {
    for (const sentence of [grant, ...sayings.flatMap(({ next }) => next ?? [])]) expect(sentence).toMatch(/^[A-Z][^]*\.$/)
  })
})
