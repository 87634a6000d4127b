/** One piece of work after the other for each account. */
export function createTurns() {
  const turns = new Map<number, Promise<unknown>>()
  return async <T>(account: number, work: () => Promise<T>): Promise<T> => {
    const mine = (turns.get(account) ?? Promise.resolve()).then(work, work)
    turns.set(account, mine)
    try {
      return await mine
    } finally {
      if (turns.get(account) === mine) turns.delete(account)
    }
  }
}
