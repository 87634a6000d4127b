/** JSON that carries what images and troubles are made of besides: bytes, maps, patterns and infinity. */
export const pack = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key) {
    const original = this[key] // before `toJSON`, which a Buffer has
    if (original instanceof Uint8Array) return { $bytes: Buffer.from(original).toString('base64') }
    if (original instanceof Map) return { $map: [...original] }
    if (original instanceof RegExp) return { $pattern: [original.source, original.flags] }
    return original === Number.POSITIVE_INFINITY ? { $infinity: true } : original
  })

export const unpack = (text: string): unknown => JSON.parse(text, (_key, value: unknown) => unwrap(value))

function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('$bytes' in value) return Buffer.from(value.$bytes as string, 'base64')
  if ('$map' in value) return new Map(value.$map as [unknown, unknown][])
  if ('$pattern' in value) return new RegExp(...(value.$pattern as [string, string]))
  return '$infinity' in value ? Number.POSITIVE_INFINITY : value
}
