// Stands in the Worker's bundle for parts of Octokit that Gantry never uses on any machine.

/** Throttle and retries are switched off (`createProbot`); what Gantry reads of a repository's files it reads by itself. */
export const getOctokitThrottleOptions = (): undefined => undefined
export const enterpriseCompatibility = (): object => ({})
export const paginateRest = (): object => ({})
export const throttling = (): object => ({})
export const retry = (): object => ({})
export const config = (): object => ({})

/** `octokit.rest`: Gantry names each route, and `own-calls.ts` says which. */
export const restEndpointMethods = (): object => ({})

/** Who signs in on the pages is asked for by `sign-in.ts`; Octokit speaks for the App and its installations alone. */
export const createOAuthAppAuth = (): undefined => undefined
export const createOAuthUserAuth = (): undefined => undefined
export const requiresBasicAuth = (): false => false
