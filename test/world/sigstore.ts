/**
 * A Sigstore of the tests' own: a certificate authority, a certificate log, a transparency log and a timestamp authority that do the
 * real cryptography (@sigstore/mock), and a workflow of GitHub Actions that signs with them.
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { initializeCA, initializeCTLog } from '@sigstore/mock/dist/fulcio/index.js'
import { initializeTLog } from '@sigstore/mock/dist/rekor/index.js'
import { initializeTSA } from '@sigstore/mock/dist/timestamp/index.js'

const ISSUER = 'https://token.actions.githubusercontent.com'
export const PROVENANCE = 'https://slsa.dev/provenance/v1'
export const COMMIT = 'c0ffee0123456789c0ffee0123456789c0ffee01'

/** One run of a workflow; what is not said is that of `acme/shop`'s release on main. */
export interface Run {
  readonly repository?: string
  readonly repositoryId?: number | string
  readonly workflow?: string
  /** Of the workflow file, where that is called from another repository. */
  readonly workflowRepository?: string
  readonly ref?: string
  /** Of the workflow file, where that is another than the run's: a called workflow. */
  readonly workflowRef?: string
  readonly commit?: string
  readonly issuer?: string
}

export interface Wish {
  readonly predicateType?: string
  readonly payloadType?: string
  readonly type?: string
  /** What the statement names as its source; null: nothing. */
  readonly statedCommit?: string | null
  readonly statedUri?: string
  readonly moreSources?: readonly object[]
  /** The whole payload, instead of a statement. */
  readonly payload?: string
  /** By which of them the time and the existence of the signature are vouched for. */
  readonly vouched?: readonly ('log' | 'time')[]
  /** Extensions that the certificate leaves out, by the last part of their identifier. */
  readonly without?: readonly number[]
  /** Those that it has beside the others: raw bytes as text, or a value to be encoded. */
  readonly moreExtensions?: readonly { readonly number: number; readonly value: string; readonly legacy?: boolean }[]
}

export interface Bundle {
  readonly mediaType: string
  readonly verificationMaterial: {
    certificate: { rawBytes: string }
    tlogEntries: object[]
    timestampVerificationData: { rfc3161Timestamps: object[] }
  }
  readonly dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] }
}

export interface Kind {
  readonly now?: Date
  /** Milliseconds that the logs and the timestamp authority are ahead of the certificate authority. */
  readonly skew?: number
  /** As GitHub's own, which signs for private repositories: without logs, the time alone is vouched for. */
  readonly hasLogs?: boolean
  /** Whether certificates carry the promise of the certificate log. */
  readonly promisesCertificates?: boolean
}

/** The mock's authorities begin at the true time: nothing may be signed before they do. */
const soon = (): Date => new Date(Date.now() + 60_000)

export async function createSigstore({ now = soon(), skew = 0, hasLogs = true, promisesCertificates = hasLogs }: Kind = {}) {
  const keys = (namedCurve = 'prime256v1') => generateKeyPairSync('ec', { namedCurve })
  // Whole seconds: the verifying library reads no shorter fraction than milliseconds, and the authority leaves its zeros out.
  const [begin, later] = [0, skew].map((more) => new Date(Math.floor((now.getTime() + more) / 1000) * 1000))
  const ctlog = await initializeCTLog(keys(), begin)
  const ca = await initializeCA(keys('secp384r1'), promisesCertificates ? ctlog : undefined, begin)
  const tlog = await initializeTLog('https://rekor.sigstore.mock', keys(), later)
  const tsa = await initializeTSA(keys('secp384r1'), later)

  /** The document that operators give. */
  const root = () => ({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: hasLogs ? [log(tlog.publicKey)] : [],
    ctlogs: hasLogs ? [log(ctlog.publicKey)] : [],
    certificateAuthorities: [authority(ca.rootCertificate)],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  })

  async function signs(digest: string, run: Run = {}, wish: Wish = {}): Promise<Bundle> {
    const { publicKey, privateKey } = keys()
    const extensions = extensionsOf(run, wish)
    const certificate = await ca.issueCertificate({
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
      subjectAltName: subjectOf(run),
      extensions,
    })
    const payload = Buffer.from(wish.payload ?? JSON.stringify(statement(digest, run, wish)))
    const payloadType = wish.payloadType ?? 'application/vnd.in-toto+json'
    const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload])
    const signature = sign('sha256', encoded, privateKey)
    const { vouched = [hasLogs ? 'log' : 'time'] } = wish
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        certificate: { rawBytes: base64(certificate) },
        tlogEntries: vouched.includes('log') ? [await logged(payload, signature, certificate)] : [],
        timestampVerificationData: { rfc3161Timestamps: vouched.includes('time') ? [await timed(signature)] : [] },
      },
      dsseEnvelope: { payload: base64(payload), payloadType, signatures: [{ sig: base64(signature) }] },
    }
  }

  async function logged(payload: Buffer, signature: Buffer, certificate: ArrayBufferView<ArrayBuffer>): Promise<object> {
    const payloadHash = { algorithm: 'sha256', value: createHash('sha256').update(payload).digest('hex') }
    const signatures = [{ signature: base64(signature), verifier: base64(certificate) }]
    const entries = await tlog.log({ apiVersion: '0.0.1', kind: 'dsse', spec: { payloadHash, signatures } })
    const [entry] = Object.values(entries as Record<string, Entry>)
    if (entry?.verification === undefined) throw new Error('the log took nothing')
    const { inclusionProof, signedEntryTimestamp } = entry.verification
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
      kindVersion: { kind: 'dsse', version: '0.0.1' },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      inclusionProof: {
        logIndex: String(inclusionProof.logIndex),
        rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
        treeSize: String(inclusionProof.treeSize),
        hashes: [],
        checkpoint: { envelope: inclusionProof.checkpoint },
      },
      canonicalizedBody: entry.body,
    }
  }

  async function timed(signature: Buffer): Promise<object> {
    const artifactHash = createHash('sha256').update(signature).digest()
    const asked = { artifactHash, hashAlgorithmOID: '2.16.840.1.101.3.4.2.1', nonce: 1, policyOID: '1.2.3.4' }
    return { signedTimestamp: base64(await tsa.timestamp(asked)) }
  }

  return { root, signs }
}

export type Sigstore = Awaited<ReturnType<typeof createSigstore>>

interface Entry {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly verification?: {
    readonly inclusionProof: { readonly logIndex: number; readonly rootHash: string; readonly treeSize: number; readonly checkpoint: string }
    readonly signedEntryTimestamp: string
  }
}

const base64 = (bytes: ArrayBufferView): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

const since = { start: '2020-01-01T00:00:00Z' }
const authority = (...certificates: ArrayBufferView[]) => ({
  subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
  uri: 'https://fulcio.sigstore.mock',
  certChain: { certificates: certificates.map((one) => ({ rawBytes: base64(one) })) },
  validFor: since,
})
const log = (publicKey: Buffer) => ({
  baseUrl: 'https://rekor.sigstore.mock',
  hashAlgorithm: 'SHA2_256',
  publicKey: { rawBytes: base64(publicKey), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: since },
  logId: { keyId: createHash('sha256').update(publicKey).digest('base64') },
})

function subjectOf(run: Run): string {
  const { repository = 'acme/shop', workflow = '.github/workflows/release.yml', ref = 'refs/heads/main' } = run
  return `https://github.com/${run.workflowRepository ?? repository}/${workflow}@${run.workflowRef ?? ref}`
}

function extensionsOf(run: Run, { without = [], moreExtensions = [] }: Wish) {
  const { repository = 'acme/shop', repositoryId = 1002, ref = 'refs/heads/main', commit = COMMIT, issuer = ISSUER } = run
  const said: Record<number, string> = { 8: issuer, 12: `https://github.com/${repository}`, 13: commit, 14: ref, 15: String(repositoryId) }
  const own = Object.entries(said).map(([number, value]) => ({ number: Number(number), value }))
  return [...own.filter(({ number }) => !without.includes(number)), ...moreExtensions].map(({ number, ...rest }) => ({
    oid: `1.3.6.1.4.1.57264.1.${number}`,
    ...rest,
  }))
}

function statement(digest: string, run: Run, wish: Wish): object {
  const { repository = 'acme/shop', ref = 'refs/heads/main', commit = COMMIT } = run
  const [algorithm = '', hex = ''] = digest.split(':')
  const { statedCommit = commit, statedUri = `git+https://github.com/${repository}@${ref}`, moreSources = [] } = wish
  const sources = statedCommit === null ? [] : [{ uri: statedUri, digest: { gitCommit: statedCommit } }]
  return {
    _type: wish.type ?? 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'ghcr.io/acme/shop', digest: { [algorithm]: hex } }],
    predicateType: wish.predicateType ?? PROVENANCE,
    predicate: {
      buildDefinition: { buildType: 'https://actions.github.io/buildtypes/workflow/v1', resolvedDependencies: [...sources, ...moreSources] },
    },
  }
}
