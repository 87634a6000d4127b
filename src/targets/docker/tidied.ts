/** More than is ever shown: cut exactly where it is stored, behind the mask, because half a secret is not recognised. */
const LONGEST = 20_000

/** What somebody else says: one line without control characters. */
export const tidied = (text: string): string =>
  text
    .slice(0, LONGEST)
    .replace(/\p{C}+/gu, ' ')
    .trim()
