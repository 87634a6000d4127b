/** Of a deployment: it occupies its environment. As the index `one_occupant` has it, word by word, or SQLite does not use that. */
export const OCCUPIES = `(state in ('applying', 'observing', 'restoring') or (state = 'unknown' and settled_at is null))`
