// As test/loopback-only.ts does for Node: a test that reaches for the internet fails at once.
const open = globalThis.fetch
globalThis.fetch = async (input, init) => {
  const { hostname } = new URL(input instanceof Request ? input.url : input)
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) throw new Error(`a test reached for ${hostname}`)
  return open(input, init)
}
