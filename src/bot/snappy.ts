/**
 * Snappy's block format (github.com/google/snappy, format_description.txt): what GitHub stores attestations in. Null for anything that is
 * not such a block, or would be longer than `cap` bytes; that is known before a byte is written.
 */
export function unsnap(block: Uint8Array, cap: number): Uint8Array | null {
  const head = varint(block)
  if (head === null || head.value > cap) return null
  const out = new Uint8Array(head.value)
  let [from, to] = [head.size, 0]
  while (from < block.length) {
    const element = elementAt(block, from)
    if (element === null || to + element.length > out.length) return null
    from = element.next
    if (element.offset === 0) {
      if (from + element.length > block.length) return null
      out.set(block.subarray(from, from + element.length), to)
      from += element.length
    } else {
      if (element.offset > to) return null
      // Byte by byte: a copy may overlap what it writes, which repeats it.
      for (let at = 0; at < element.length; at += 1) out[to + at] = out[to + at - element.offset] ?? 0
    }
    to += element.length
  }
  return to === out.length ? out : null
}

/** So many bytes that follow (`offset` 0), or that stand so far back in what is written already. */
interface Element {
  readonly length: number
  readonly offset: number
  /** Where what follows the tag begins. */
  readonly next: number
}

function elementAt(block: Uint8Array, at: number): Element | null {
  const tag = block[at] ?? 0
  const [kind, upper] = [tag & 3, tag >> 2]
  const extra = kind === 0 ? Math.max(upper - 59, 0) : EXTRA[kind]!
  const bytes = block.subarray(at + 1, at + 1 + extra)
  if (bytes.length < extra) return null
  const number = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
  const next = at + 1 + extra
  if (kind === 0) return { length: (extra === 0 ? upper : number) + 1, offset: 0, next }
  const copy = kind === 1 ? { length: (upper & 7) + 4, offset: (upper >> 3) * 256 + number } : { length: upper + 1, offset: number }
  return copy.offset === 0 ? null : { ...copy, next }
}

/** Bytes after the tag of each kind of copy. */
const EXTRA: readonly number[] = [0, 1, 2, 4]

/** Seven bits a byte, the lowest first; at most five bytes. */
function varint(block: Uint8Array): { readonly value: number; readonly size: number } | null {
  const size = block.subarray(0, 5).findIndex((byte) => byte < 0x80) + 1
  if (size === 0) return null
  return { value: block.subarray(0, size).reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0), size }
}
