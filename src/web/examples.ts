/** What the documentation shows of an answer. Each is held to its schema by a test. */

const ID = 'sb-580736f2cad4d3c0f2ae50d70d07474324724622'
const COMMIT = '4ef78d95a1461576bfb8267ca96a8717037476cf'
const DIGEST = 'sha256:a29dcc3a1c78b489cae94c102cfb66e2a43c759535ae6cdf793d8129a7b5f3cf'
const FORMER = 'sha256:51a0d3b4e7c96f28b1d5a3970e6c4f82d9b7a1e35c0f6d8247b9e1a3c5d7f902'

const at = (second: number): string => `2026-11-26T09:30:${String(second).padStart(2, '0')}.000Z`
const step = (name: string, words: string, note: string | null, [from, to]: readonly [number, number]) =>
  ({ name, words, outcome: 'done', note, startedAt: at(from), endedAt: at(to) }) as const

export const DEPLOYMENT = {
  ...{ id: ID, repository: 'acme/shop', app: 'shop', environment: 'staging', state: 'success', isFinal: true },
  headline: 'ada deployed ghcr.io/acme/shop:1.2 (sha256:a29dcc3a1c78) to staging in 21 s.',
  progress: { current: 6, total: 6, percentage: 100 },
  steps: [
    step('gates', 'Permission and rules checked', null, [0, 1]),
    step('resolve', 'Image found', 'sha256:a29dcc3a1c78 as credential main', [1, 2]),
    step('verify', 'Image can be pulled', 'linux/amd64, 38 MB in 5 layers, as credential main', [2, 3]),
    step('queue', 'Had its turn', null, [3, 3]),
    step('apply', 'Image started', null, [3, 12]),
    step('observe', 'Read back what runs', 'site runs sha256:a29dcc3a1c78', [12, 21]),
  ],
  images: [{ name: 'main', repository: 'ghcr.io/acme/shop', tag: '1.2', digest: DIGEST }],
  ...{ commit: COMMIT, url: 'https://staging.example.com', wait: null, problem: null },
  ...{ requestedBy: { id: 1003, login: 'ada', program: null }, requestedThrough: 'api', requestedAt: at(0), endedAt: at(21) },
  links: {
    ...{ self: `/deploy/status/${ID}`, events: `/deploy/status/${ID}/events`, logs: `/deploy/status/${ID}/logs` },
    ...{ asked: null, comment: null, check: 'https://github.com/acme/shop/runs/1019' },
  },
} as const

const PASSED = DEPLOYMENT.steps.slice(0, 3)
const OPEN = { ...DEPLOYMENT, isFinal: false, endedAt: null } as const

/** When it has just been written down: nobody has looked at anything yet. */
const asked = (headline: string) =>
  ({ ...OPEN, app: null, state: 'requested', headline, progress: { current: 0, total: 6, percentage: 0 }, ...NOTHING_FOUND }) as const
const NOTHING_FOUND = { steps: [], images: [], commit: null, url: null, links: { ...DEPLOYMENT.links, check: null } } as const

export const ASKED = asked('ada is deploying :1.2 to staging: about to begin.')
export const RETRIED = asked('ada is deploying once more :1.2 to staging: about to begin.')
export const ROLLED_BACK = asked('ada is rolling shop/staging back to an image: about to begin.')

export const WAITING = {
  ...{ ...OPEN, state: 'waiting', progress: { current: 3, total: 7, percentage: 42 } },
  headline: 'ada, deploying ghcr.io/acme/shop:1.2 (sha256:a29dcc3a1c78) to staging waits for an approval.',
  steps: [...PASSED, { ...step('wait', 'Waiting for an approval', null, [3, 3]), outcome: 'running', endedAt: null }],
  wait: { reason: 'approval', sentence: 'An approval by somebody else with the role write is missing.', until: '2026-11-26T13:30:03.000Z' },
} as const

export const CANCELLED = {
  ...{ ...DEPLOYMENT, state: 'cancelled', progress: { current: 3, total: 7, percentage: 42 } },
  headline: 'ada cancelled deploying ghcr.io/acme/shop:1.2 (sha256:a29dcc3a1c78) to staging.',
  steps: [...PASSED, { ...step('wait', 'Waiting', null, [3, 21]), outcome: 'failed' }],
} as const

export const DEPLOYMENTS = { deployments: [DEPLOYMENT], next: '1k' } as const

export const REHEARSAL = {
  ...{ goes: true, problem: null, wait: null },
  gates: [
    { gate: 'person', outcome: 'passed', sentence: 'ada has the role write' },
    { gate: 'bounds of the target', outcome: 'passed', sentence: 'target site is allowed to this repository for staging' },
  ],
  images: [
    {
      ...{ image: 'ghcr.io/acme/shop:1.2', digest: DIGEST, isPullable: true },
      rows: [
        { name: 'token', outcome: 'passed', words: 'Signed in', note: 'repository:acme/shop:pull, for 300 s' },
        { name: 'manifest', outcome: 'passed', words: 'The image is there', note: DIGEST },
        { name: 'platform', outcome: 'passed', words: 'It is built for the platform', note: 'linux/amd64' },
      ],
    },
  ],
  commit: COMMIT,
  changes: [{ workload: 'site', from: FORMER, to: DIGEST }],
} as const

export const PROBLEM = {
  code: 'TAG_NOT_FOUND',
  detail: 'There is no tag 1.3 in ghcr.io/acme/shop.',
  found: 'no manifest under this tag',
  wanted: 'a tag that has been pushed',
  who: 'requester',
  fix: 'Push the image, or name another tag.',
  retryable: false,
} as const

export const PROBLEM_DETAILS = {
  type: 'https://gantry.example.com/docs/troubleshooting#too_many_requests',
  ...{ title: 'Too many requests', status: 429, code: 'TOO_MANY_REQUESTS', detail: 'More was asked for in your name than fits.' },
  ...{ wanted: 'at most 60 within 60 s', who: 'requester', fix: 'Ask again in a second.', retryable: true, retryAfter: 1, requestId: 'cd3d4eb485-6' },
} as const

export const EVENTS = `id: 5-0-2740a248
event: step
data: {"name":"verify","outcome":"running","at":"${at(2)}"}

id: 6-0-2740a248
event: step
data: {"name":"verify","words":"Image can be pulled","outcome":"done","note":"linux/amd64, 38 MB in 5 layers, as credential main","at":"${at(3)}"}

id: 6-1-2740a248
event: log
data: {"line":"unpacking 5 layers of ghcr.io/acme/shop"}

`

export const LOG = `unpacking 5 layers of ghcr.io/acme/shop
serving ${DIGEST} from /site
`
