import { handleAsNodeRequest } from 'cloudflare:node'

// A server that a test starts in this worker listens for nobody but the worker itself: a request to it does not go out.
const open = globalThis.fetch
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init)
  try {
    return await handleAsNodeRequest(Number(new URL(request.url).port), request)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_VALUE') throw error
    return open(request)
  }
}
