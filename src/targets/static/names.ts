/** `./a//b/` or `/a/b` → `a/b`; the root is `''`. Null where a part is `..`: no tool writes such a name into a layer. */
export function normalised(name: string): string | null {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  return parts.includes('..') ? null : parts.join('/')
}

/** Where the link at `path` leads, as a path in the image; null where it leads out of it. */
export function leadsTo(path: string, target: string, isSymbolic: boolean): string | null {
  const from = isSymbolic && !target.startsWith('/') ? path.split('/').slice(0, -1) : []
  const parts: string[] = []
  for (const part of [...from, ...target.split('/')]) {
    if (part === '..' && parts.pop() === undefined) return null
    if (part !== '' && part !== '.' && part !== '..') parts.push(part)
  }
  return parts.join('/')
}

/** Whether every disk can hold the name: no NUL, no backslash (a separator on Windows), at most 255 bytes a part and 1,024 in all. */
export function isStorable(path: string): boolean {
  const bytes = (text: string) => new TextEncoder().encode(text).byteLength
  return !/[\\\0]/.test(path) && bytes(path) <= 1024 && path.split('/').every((part) => bytes(part) <= 255)
}

export const isBelow = (path: string, folder: string): boolean => folder === '' || path.startsWith(`${folder}/`)
