export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
export const rounded = (value: number): number => Math.round(value * 100) / 100
