/**
 * A fence is `generation · 2^32 + counter`. Each claim of an environment raises the counter; each restored backup the generation, so that
 * whatever was handed out after the backup was made stays below, though the database knows nothing of it.
 */
const CLAIMS = 2 ** 32

export const generationOf = (fence: number): number => Math.floor(fence / CLAIMS)

/** Below every claim of this generation. */
export const floorOf = (generation: number): number => generation * CLAIMS

/** More than anybody restores, and below what SQLite's numbers and ours can both say: whatever claims more comes from nobody of us. */
const GENERATIONS = 2 ** 20

export const isGeneration = (found: unknown): found is number =>
  Number.isSafeInteger(found) && (found as number) >= 0 && (found as number) < GENERATIONS

/** Whether Gantry can have given it out: targets are written to by others, too. */
export const isFence = (found: number): boolean => Number.isSafeInteger(found) && isGeneration(generationOf(found))

/** For `Journal.raise`: every environment of the repository, those too that nobody has claimed yet. */
export const EVERY_ENVIRONMENT = '*'
