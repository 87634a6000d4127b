import { beforeAll, describe, expect, test } from 'vitest'
import { readTrustedRoots, publicGoodRoot } from '../../../src/attestation/roots.ts'
import type { TrustedRoot } from '../../../src/attestation/roots.ts'
import { verifyAttestation } from '../../../src/attestation/verify.ts'
import type { Demand } from '../../../src/attestation/verify.ts'
import { Refusal } from '../../../src/errors.ts'
import { COMMIT, createSigstore } from '../../world/sigstore.ts'
import type { Bundle, Run, Sigstore, Wish } from '../../world/sigstore.ts'

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const DEMAND: Demand = {
  repository: 'acme/shop',
  workflow: '.github/workflows/release.yml',
  ref: 'refs/heads/main',
  digest: DIGEST,
  repositoryId: 1002,
}
const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR

let sigstore: Sigstore
let roots: readonly TrustedRoot[]

beforeAll(async () => {
  sigstore = await createSigstore()
  roots = trusted(sigstore.root())
})

function trusted(...documents: readonly object[]): readonly TrustedRoot[] {
  const read = readTrustedRoots(documents.map((one) => JSON.stringify(one)).join('\n'))
  if (read instanceof Refusal) throw new Error(read.problem.found)
  return read
}

/** The commit; or the code and what is found, wanted or said. */
function verdict(bundle: unknown, demand: Partial<Demand> = {}, under = roots): string | readonly string[] {
  const proof = verifyAttestation(bundle, { ...DEMAND, ...demand }, under)
  if (!(proof instanceof Refusal)) return proof.commit
  const { code, sentence, found, wanted } = proof.problem
  return [code, sentence.replace(/^.* (proves nothing|was built|environment wants)/, '$1'), ...(found === undefined ? [] : [found, wanted ?? ''])]
}

const signed = (run: Run = {}, wish: Wish = {}, digest = DIGEST): Promise<Bundle> => sigstore.signs(digest, run, wish)

const invalid = (why: string): readonly string[] => ['ATTESTATION_INVALID', `proves nothing: ${why}.`]
const other = (found: string, wanted: string): readonly string[] => ['ATTESTATION_OTHER', 'environment wants.', found, wanted]
const SIGNER = 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main'

describe('the right attestation', () => {
  test('says from which commit, repository, workflow and ref', async () => {
    expect(verifyAttestation(await signed(), DEMAND, roots)).toEqual({
      commit: COMMIT,
      repository: 'acme/shop',
      workflow: '.github/workflows/release.yml',
      ref: 'refs/heads/main',
    })
  })

  test('may be timed by an authority beside the log', async () => {
    expect(verdict(await signed({}, { vouched: ['log', 'time'] }))).toBe(COMMIT)
  })

  test('may stand under any of several roots', async () => {
    const another = (await createSigstore()).root()
    expect(verdict(await signed(), {}, trusted(another, sigstore.root()))).toBe(COMMIT)
  })

  test('may name further sources, from elsewhere', async () => {
    const moreSources = [
      { uri: 'git+https://github.com/acme/base@refs/heads/main', digest: { gitCommit: 'f'.repeat(40) } },
      { uri: 'pkg:npm/left-pad' },
    ]
    expect(verdict(await signed({}, { moreSources }))).toBe(COMMIT)
  })

  test('may be of a repository whose number is not known', async () => {
    expect(verdict(await signed({ repositoryId: 77 }), { repositoryId: null })).toBe(COMMIT)
  })

  test('may be of any ref where none is wanted', async () => {
    const any = { ref: null }
    expect(verdict(await signed({ ref: 'refs/tags/v1' }), any)).toBe(COMMIT)
    expect(verdict(await signed({ workflow: '.github/workflows/ci.yml' }), any)).toContain('ATTESTATION_OTHER')
    expect(verdict(await signed({ ref: 'refs/heads/evil', workflowRef: 'refs/tags/v1' }), any)).toContain('ATTESTATION_OTHER')
  })

  test('of a private repository has no log, only a time; its root has none either', async () => {
    const own = await createSigstore({ hasLogs: false })
    expect(verdict(await own.signs(DIGEST), {}, trusted(sigstore.root(), own.root()))).toBe(COMMIT)
    // What has a log is not trusted with less.
    expect(verdict(await signed({}, { vouched: ['time'] }), {}, trusted(sigstore.root(), own.root()))).toContain('ATTESTATION_INVALID')
  })
})

describe('another signer', () => {
  test.each<[string, Run, Partial<Demand>, string, string]>([
    ['another repository', { repository: 'acme/evil' }, {}, SIGNER.replace('shop', 'evil'), SIGNER],
    ['a repository whose name goes on', { repository: 'acme/shop2' }, {}, SIGNER.replace('shop', 'shop2'), SIGNER],
    ['the name in other letters', { repository: 'Acme/shop' }, {}, SIGNER.replace('acme', 'Acme'), SIGNER],
    ['another workflow', { workflow: '.github/workflows/ci.yml' }, {}, SIGNER.replace('release', 'ci'), SIGNER],
    ['another branch', { ref: 'refs/heads/evil' }, {}, SIGNER.replace('main', 'evil'), SIGNER],
    ['a branch whose name goes on', { ref: 'refs/heads/main2' }, {}, `${SIGNER}2`, SIGNER],
    ['a tag called main', { ref: 'refs/tags/main' }, {}, SIGNER.replace('heads', 'tags'), SIGNER],
    ['a pull request', { ref: 'refs/pull/7/merge' }, {}, SIGNER.replace('heads/main', 'pull/7/merge'), SIGNER],
    [
      'this workflow, called for another branch',
      { ref: 'refs/heads/evil', workflowRef: 'refs/heads/main' },
      {},
      'for refs/heads/evil',
      'for refs/heads/main',
    ],
    [
      'another issuer',
      { issuer: 'https://accounts.google.com' },
      {},
      'issued by https://accounts.google.com',
      'issued by https://token.actions.githubusercontent.com',
    ],
    ['a repository that was deleted and made anew', { repositoryId: 77 }, {}, 'repository id 77', 'repository id 1002'],
    [
      'this workflow, called from another repository',
      { repository: 'acme/evil', workflowRepository: 'acme/shop' },
      { repositoryId: null },
      'run in https://github.com/acme/evil',
      'run in https://github.com/acme/shop',
    ],
    ['a pattern in the wish', {}, { ref: 'refs/heads/.*' }, SIGNER, SIGNER.replace('main', '.*')],
  ])('%s', async (_what, run, demand, found, wanted) => {
    expect(verdict(await signed(run), demand)).toEqual(other(found, wanted))
  })

  test.each([8, 12, 14, 15])('a certificate without extension %s', async (number) => {
    const [code, , found] = verdict(await signed({}, { without: [number] }))
    expect([code, found]).toEqual(['ATTESTATION_OTHER', expect.stringMatching(/nothing$/)])
  })
})

describe('a statement', () => {
  test('about another image', async () => {
    expect(verdict(await signed({}, {}, DIGEST.replace('0', '1')))).toEqual(invalid('it is about something else'))
  })

  test('about the same digits of another algorithm', async () => {
    expect(verdict(await signed({}, {}, DIGEST.replace('sha256', 'sha512')))).toEqual(invalid('it is about something else'))
  })

  test('of another type, a list of parts', async () => {
    const [code, sentence, found] = verdict(await signed({}, { predicateType: 'https://spdx.dev/Document/v2.3' }))
    expect([code, sentence, found]).toEqual(['ATTESTATION_MISSING', 'was built.', 'a signed statement of the type https://spdx.dev/Document/v2.3'])
  })

  test.each<[string, Wish]>([
    ['in an envelope of another type', { payloadType: 'text/plain' }],
    ['of another version', { type: 'https://in-toto.io/Statement/v0.1' }],
    ['that is no JSON', { payload: 'built from c0ffee' }],
  ])('%s', async (_what, wish) => {
    expect(verdict(await signed({}, wish))).toEqual(invalid('it is no in-toto statement of version 1'))
  })

  const DIFFERENT = 'proves nothing: its statement and its certificate name different commits.'
  test.each<[string, Wish, string]>([
    ['names another commit than its certificate', { statedCommit: 'f'.repeat(40) }, 'f'.repeat(40)],
    ['names none', { statedCommit: null }, 'none'],
    ['names one of another repository', { statedUri: 'git+https://github.com/acme/evil@refs/heads/main' }, 'none'],
    ['names one of another ref', { statedUri: 'git+https://github.com/acme/shop@refs/heads/evil' }, 'none'],
    [
      'names two for one source',
      { moreSources: [{ uri: 'git+https://github.com/acme/shop@refs/heads/main', digest: { gitCommit: 'f'.repeat(40) } }] },
      `${COMMIT} and ${'f'.repeat(40)}`,
    ],
  ])('that %s', async (_what, wish, found) => {
    expect(verdict(await signed({}, wish))).toEqual(['ATTESTATION_INVALID', DIFFERENT, found, COMMIT])
  })

  test.each<[string, Wish]>([
    ['twice', { moreExtensions: [{ number: 13, value: 'f'.repeat(40) }] }],
    ['twice the same', { moreExtensions: [{ number: 13, value: COMMIT }] }],
    ['as bytes without a type', { without: [13], moreExtensions: [{ number: 13, value: COMMIT, legacy: true }] }],
    ['as text of another type', { without: [13], moreExtensions: [{ number: 13, value: `\x13\x28${COMMIT}`, legacy: true }] }],
    ['with something after it', { without: [13], moreExtensions: [{ number: 13, value: `\x0c\x28${COMMIT}0`, legacy: true }] }],
  ])('whose certificate says the commit %s', async (_what, wish) => {
    expect(verdict(await signed({}, wish))).toEqual(invalid('its certificate names no commit'))
  })

  test('whose certificate has a name of more than 127 letters', async () => {
    const ref = `refs/heads/${'feature-'.repeat(40)}`
    expect(verdict(await signed({ ref }), { ref })).toBe(COMMIT)
  })

  test('whose certificate names no commit', async () => {
    expect(verdict(await signed({}, { without: [13] }))).toEqual(invalid('its certificate names no commit'))
    expect(verdict(await signed({ commit: 'main' }))).toEqual(invalid('its certificate names no commit'))
  })
})

describe('a forged bundle', () => {
  const LOG = 'the transparency log does not vouch for it'
  const CERTIFICATE = 'no trusted authority vouches for its certificate at the time of signing'
  const TIME = 'no trusted authority says when it was signed'

  /** The bundle after somebody worked on it. */
  async function forged(change: (bundle: Bundle) => void, wish: Wish = {}): Promise<Bundle> {
    const bundle = structuredClone(await signed({}, wish))
    change(bundle)
    return bundle
  }
  const swap = (base64: string, from: string, to: string): string =>
    Buffer.from(Buffer.from(base64, 'base64').toString().replaceAll(from, to)).toString('base64')
  const bent = (base64: string): string =>
    Buffer.from(Buffer.from(base64, 'base64').map((byte, at) => (at === 20 ? byte ^ 1 : byte))).toString('base64')

  test('with another payload', async () => {
    const bundle = await forged(({ dsseEnvelope }) => void (dsseEnvelope.payload = swap(dsseEnvelope.payload, COMMIT, 'f'.repeat(40))))
    expect(verdict(bundle)).toEqual(invalid(LOG))
  })

  test('with another payload, where there is no log', async () => {
    const own = await createSigstore({ hasLogs: false })
    const { dsseEnvelope, ...rest } = await own.signs(DIGEST)
    const bundle = { ...rest, dsseEnvelope: { ...dsseEnvelope, payload: swap(dsseEnvelope.payload, COMMIT, 'f'.repeat(40)) } }
    expect(verdict(bundle, {}, trusted(own.root()))).toEqual(invalid('its signature does not fit its content'))
  })

  test('with another signature', async () => {
    const bundle = await forged(({ dsseEnvelope: { signatures } }) => void (signatures[0]!.sig = bent(signatures[0]!.sig)))
    expect(verdict(bundle)).toEqual(invalid(LOG))
  })

  test('with a second signature', async () => {
    const bundle = await forged(({ dsseEnvelope: { signatures } }) => void signatures.push({ sig: signatures[0]!.sig }))
    expect(verdict(bundle)).toEqual(invalid('it is no Sigstore bundle with a DSSE envelope'))
  })

  test('with another certificate of the same authority', async () => {
    const { verificationMaterial } = await signed()
    const bundle = await forged((one) => void (one.verificationMaterial.certificate = verificationMaterial.certificate))
    expect(verdict(bundle)).toEqual(invalid('its signature does not fit its content'))
  })

  test('without an entry in the log', async () => {
    expect(verdict(await signed({}, { vouched: [] }))).toEqual(invalid(TIME))
    expect(verdict(await signed({}, { vouched: ['time'] }))).toEqual(invalid(LOG))
  })

  test('with the entry of another bundle', async () => {
    const { verificationMaterial } = await signed()
    const bundle = await forged((one) => void (one.verificationMaterial.tlogEntries = verificationMaterial.tlogEntries))
    expect(verdict(bundle)).toEqual(invalid(LOG))
  })

  test('with one entry that stands there twice', async () => {
    const bundle = await forged(({ verificationMaterial: { tlogEntries } }) => void tlogEntries.push(structuredClone(tlogEntries[0]!)))
    expect(verdict(bundle)).toEqual(invalid(TIME))
  })

  test('whose certificate is in no log', async () => {
    const silent = await createSigstore({ promisesCertificates: false })
    expect(verdict(await silent.signs(DIGEST), {}, trusted(silent.root()))).toEqual(invalid(CERTIFICATE))
  })

  test('whose certificate was over when it signed', async () => {
    const late = await createSigstore({ skew: HOUR })
    expect(verdict(await late.signs(DIGEST), {}, trusted(late.root()))).toEqual(invalid(CERTIFICATE))
  })

  test('whose authority was over when it signed', async () => {
    const old = await createSigstore({ now: new Date(Date.now() + 2 * YEAR) })
    expect(verdict(await old.signs(DIGEST), {}, trusted(old.root()))).toEqual(invalid(CERTIFICATE))
  })

  test('of a Sigstore that is not trusted', async () => {
    const another = await createSigstore()
    expect(verdict(await another.signs(DIGEST))).toEqual(invalid(CERTIFICATE))
    expect(verdict(await another.signs(DIGEST, {}, { vouched: ['time'] }))).toEqual(invalid(TIME))
    expect(verdict(await signed(), {}, [publicGoodRoot()])).toEqual(invalid(CERTIFICATE))
    expect(verdict(await signed(), {}, [])).toEqual(invalid('no root is trusted'))
  })

  test('whose log belongs to another root than its certificate', async () => {
    const another = await createSigstore()
    const mixed = { ...sigstore.root(), tlogs: another.root().tlogs }
    expect(verdict(await signed(), {}, trusted(mixed))).toEqual(invalid(LOG))
  })

  test('with a root of a private repository beside it, and the log left out', async () => {
    const own = await createSigstore({ hasLogs: false })
    const bundle = await forged(({ verificationMaterial: { tlogEntries } }) => void tlogEntries.splice(0), { vouched: ['log', 'time'] })
    expect(verdict(bundle, {}, trusted(sigstore.root(), own.root()))).toEqual(invalid(LOG))
    expect(verdict(await own.signs(DIGEST, {}, { vouched: ['time', 'log'] }), {}, trusted(own.root()))).toEqual(invalid(LOG))
  })

  test('signed with a key', async () => {
    const bundle: { verificationMaterial: object } = await signed()
    const byKey = { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, certificate: undefined, publicKey: { hint: 'ours' } } }
    expect(verdict(byKey)).toEqual(invalid('it is signed with a key, and not with a certificate of a workflow'))
  })

  test.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'bundle'],
    ['a list', []],
    ['an empty object', {}],
    ['a number where text belongs', { mediaType: 1, verificationMaterial: 2, dsseEnvelope: 3 }],
    [
      'an envelope alone',
      { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', dsseEnvelope: { payload: 'e30=', signatures: [{ sig: 'AA==' }] } },
    ],
  ])('that is %s', (_what, json) => {
    expect(verdict(json)).toEqual(invalid('it is no Sigstore bundle with a DSSE envelope'))
  })

  test('whose certificate is garbage', async () => {
    const bundle = await forged(({ verificationMaterial }) => void (verificationMaterial.certificate.rawBytes = 'AAAA'))
    expect(verdict(bundle)).toEqual(invalid('it cannot be read'))
  })
})

describe('trusted roots', () => {
  test('are read from one document and from lines', () => {
    expect(trusted(sigstore.root())).toHaveLength(1)
    expect(trusted(sigstore.root(), sigstore.root())).toHaveLength(2)
    expect(readTrustedRoots(JSON.stringify(sigstore.root(), null, 2))).toHaveLength(1)
  })

  test.each<[string, string, string]>([
    ['nothing', '', 'an empty file'],
    ['no JSON', 'root:', 'no JSON'],
    ['another document', '{"mediaType":"application/json"}', 'a document of another kind'],
    ['no document', '7', 'a document of another kind'],
    ['a root of nobody', '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}', 'a root without certificate authorities'],
  ])('are not %s', (_what, text, found) => {
    const read = readTrustedRoots(text)
    expect(read instanceof Refusal && read.problem).toMatchObject({ code: 'OPERATOR_FILE_INVALID', found })
  })

  test('are not those with a certificate that cannot be read', () => {
    const root = sigstore.root()
    const broken = { ...root, certificateAuthorities: [{ ...root.certificateAuthorities[0], certChain: { certificates: [{ rawBytes: 'AAAA' }] } }] }
    const read = readTrustedRoots(JSON.stringify(broken))
    expect(read instanceof Refusal && read.problem).toMatchObject({ found: 'keys or certificates that cannot be read' })
  })
})
