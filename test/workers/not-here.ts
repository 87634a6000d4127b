/** What of `test/stories/` and `test/contracts/` does not run in workerd, and why; everything else there does. */
export const NOT_HERE: Readonly<Record<string, string>> = {
  'contracts/docker.test.ts': 'starts a container engine, whose unix socket a Worker cannot reach; the simulated one keeps the same contract here',
  'contracts/docker-tls.test.ts': 'shows a client certificate of its own, which a Worker cannot do: such a target says so',
  'contracts/journal.test.ts': 'opens databases of node:sqlite; workers/sql.test.ts has the same contract for a Durable Object',
  'contracts/registry-failures.test.ts': 'starts nginx in front of registries',
  'contracts/registry-requests.test.ts': 'starts skopeo, to compare with',
  'contracts/static.test.ts': 'serves a folder of this machine, and a Worker has none: such a target says so',
  'stories/elsewhere.test.ts': 'has a second database of node:sqlite for what an account keeps',
}
