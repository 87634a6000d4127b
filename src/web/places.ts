import { RequestRefused } from './problems.ts'

/** Where the page begins: a place in the order of arrival, which tells nothing of other repositories' deployments but how many there are. */
export function placeIn(cursor: string | undefined): number | null {
  if (cursor === undefined) return null
  const place = /^[0-9a-z]{1,10}$/.test(cursor) ? Number.parseInt(cursor, 36) : Number.NaN
  if (Number.isSafeInteger(place)) return place
  throw new RequestRefused('REQUEST_INVALID', {
    sentence: 'The cursor is none.',
    found: cursor.slice(0, 20),
    next: 'Send the next of the page before.',
  })
}
