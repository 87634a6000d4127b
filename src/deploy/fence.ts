/**
 * A fence is `generation · 2^32 + counter`. Each claim of an environment raises the counter; each restored backup the generation, so that
 * whatever was handed out after the backup was made stays below, though the database knows nothing of it.
 */
const CLAIMS = 2 ** 32

export const generationOf = (fence: number): number => Math.floor(fence / CLAIMS)

/** Below every claim of this generation. */
export const floorOf = (generation: number): number => generation * CLAIMS

/** For `Journal.raise`: every environment of the repository, those too that nobody has claimed yet. */
export const EVERY_ENVIRONMENT = '*'
