/**
 * The file that a URL's path names: `/` → `index.html`, `/docs/` → `docs/index.html`. Null for what is never served: `..`, names
 * that begin with a dot (but `.well-known`, RFC 8615), empty parts, encodings that are broken or hide a separator.
 */
export function fileOf(path: string): string | null {
  const parts = decoded(path)?.slice(1).split('/') ?? []
  const last = parts.pop()
  if (!path.startsWith('/') || last === undefined) return null
  const file = [...parts, last === '' ? 'index.html' : last]
  const isServed = file.every(
    (part, index) => part !== '' && !/[\\\0]/.test(part) && (!part.startsWith('.') || (index === 0 && part === '.well-known')),
  )
  return isServed ? file.join('/') : null
}

function decoded(path: string): string | null {
  if (/%2f/i.test(path)) return null
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}
