/** What the documentation shows of what belongs to an account. Each is held to its schema by a test. */

const at = '2026-11-26T09:30:00.000Z'

export const PUT_CREDENTIAL = {
  ...{ registry: 'ghcr.io', repositories: ['acme/*'], username: 'acme-bot', password: { value: 'ghp_ofaclassictokenwithreadpackages' } },
}
export const PUT_TARGET = {
  ...{ kind: 'docker', host: 'tcp://engine.example.com:2376', tls: { ca: { value: '-----BEGIN CERTIFICATE-----\n…' } } },
  allow: [{ repository: 'acme/shop', id: 1296269, environments: ['*'], images: ['ghcr.io/acme/*'] }],
}

export const CREDENTIAL = {
  ...{ kind: 'credential', name: 'ghcr', fingerprint: '8e545159:9e28c9d71f4a' },
  declared: { ...PUT_CREDENTIAL, password: { kept: true } },
  unused: null,
} as const
export const TARGET = {
  ...{ kind: 'target', name: 'engine', fingerprint: '8e545159:41c07fd2e6b8' },
  declared: { ...PUT_TARGET, tls: { ca: { kept: true } } },
  unused: null,
} as const

export const PULLED = {
  ...{ image: 'ghcr.io/acme/shop:1.2', works: true, note: 'it can be pulled with the credential ghcr', problem: null },
  rows: [
    { name: 'token', outcome: 'passed', words: 'Signed in', note: 'repository:acme/shop:pull, for 300 s' },
    {
      name: 'manifest',
      outcome: 'passed',
      words: 'The image is there',
      note: 'sha256:a29dcc3a1c78b489cae94c102cfb66e2a43c759535ae6cdf793d8129a7b5f3cf',
    },
  ],
} as const
export const REACHED = { image: null, works: true, note: 'container engine 26.1.4, linux/amd64', problem: null, rows: [] } as const

export const RECORD = {
  ...{ at, by: { id: 1003, login: 'ada' }, action: 'declaration kept', subject: 'credential ghcr of account 9919' },
  ...{ before: null, after: '8e545159:9e28c9d71f4a', why: null, request: null },
} as const

const MADE_FOR = { name: 'ci', environments: ['staging'], actions: ['read', 'deploy'] } as const
export const MAKE_TOKEN = { ...MADE_FOR, repositories: ['acme/shop'], days: 90 } as const
export const TOKEN = {
  ...{ id: 'k3v9x2m1q8', ...MADE_FOR, repositories: [{ id: 1296269, name: 'acme/shop' }], madeBy: { id: 1003, login: 'ada' } },
  ...{ madeAt: at, expiresAt: '2027-02-24T09:30:00.000Z', lastUsedAt: null },
} as const
export const MADE_TOKEN = { ...TOKEN, token: 'gantry_7nj_k3v9x2m1q8_…_5f21c0' } as const

export const BACKUP = {
  ...{ format: 'gantry account backup 1', account: 9919, madeAt: 1_795_685_400_000, key: '2026-11-26-1f0c' },
  ...{ wrapped: 'p1ZlbXBsZSBvZiBhIHdyYXBwZWQga2V5', sealed: 'c2VhbGVkLCBhbmQgbm9ib2R5IHJlYWRzIGl0' },
} as const

export const CHANGES = {
  changes: [{ kind: 'credential', name: 'ghcr', before: null, after: '8e545159:9e28c9d71f4a' }],
  fingerprint: '8e545159:04d7a2b86c15',
} as const
