/** What somebody else says: one line, bounded, without control characters. */
export const tidied = (text: string): string =>
  text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 300)
