import { readFileSync } from 'node:fs'

const FIXTURES = new URL('../../fixtures/', import.meta.url)

export const fixture = (name: string): string => readFileSync(new URL(name, FIXTURES), 'utf8')
