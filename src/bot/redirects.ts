const MOST_HOPS = 3
const KEEPS_METHOD = new Set([307, 308])
const FOR_READING = new Set([301, 302, 307, 308])

/**
 * The same `fetch`, which follows redirects only within the origin that was asked: GitHub sends on to where a renamed repository is
 * now, and whatever another host said in its place would be believed as GitHub's. Runtimes also differ in what they take along.
 */
export function withinOrigin(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    // Its method and body would be lost on the way; Octokit gives an address and says the rest beside it.
    if (input instanceof Request) throw new TypeError('an address is followed, not a Request')
    let url = new URL(input)
    const followed = (init?.method ?? 'GET') === 'GET' ? FOR_READING : KEEPS_METHOD
    for (let hops = 0; hops <= MOST_HOPS; hops += 1) {
      const response = await fetch(url.href, { ...init, redirect: 'manual' })
      if (response.status < 300 || response.status >= 400 || response.status === 304) return response
      const location = response.headers.get('location')
      const next = location !== null && followed.has(response.status) ? URL.parse(location, url) : null
      await response.body?.cancel()
      if (next === null || next.origin !== url.origin) throw new TypeError(`a redirect with ${response.status} that is not followed`)
      url = next
    }
    throw new TypeError('too many redirects')
  }
}
