import { randomBytes } from 'node:crypto'

/** So many bytes that nobody can foresee. */
export const entropy = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(count))

/** 160 random bits. */
export const newId = (): string => randomBytes(20).toString('hex')
