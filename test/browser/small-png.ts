import { crc32, deflateSync, inflateSync } from 'node:zlib'

/**
 * A screenshot as Chromium makes it (PNG, 8 bits, RGB or RGBA), with at most 32 colours instead: a third of the size, and no other to the eye.
 * https://www.w3.org/TR/png-3/
 */
export function small(png: Uint8Array): Buffer {
  const { width, height, depth, data } = read(Buffer.from(png))
  const pixels = unfiltered(data, width, height, depth)
  const { palette, indices } = reduced(pixels, depth)
  const rows = Buffer.alloc(height * (width + 1))
  for (let y = 0; y < height; y += 1) rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

function read(png: Buffer): { width: number; height: number; depth: 3 | 4; data: Buffer } {
  const parts: Buffer[] = []
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length))
    at += length + 12
  }
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), depth: png[25] === 6 ? 4 : 3, data: inflateSync(Buffer.concat(parts)) }
}

/** https://www.w3.org/TR/png-3/#9Filters */
function unfiltered(data: Buffer, width: number, height: number, depth: 3 | 4): Buffer {
  const stride = width * depth
  const out = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y += 1) {
    const filter = data[y * (stride + 1)] ?? 0
    for (let x = 0; x < stride; x += 1) {
      const at = y * stride + x
      const left = x < depth ? 0 : (out[at - depth] ?? 0)
      const above = y === 0 ? 0 : (out[at - stride] ?? 0)
      const corner = x < depth || y === 0 ? 0 : (out[at - stride - depth] ?? 0)
      out[at] = (data[y * (stride + 1) + 1 + x] ?? 0) + predicted(filter, left, above, corner)
    }
  }
  return out
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0
  if (filter === 1) return left
  if (filter === 2) return above
  if (filter === 3) return (left + above) >> 1
  const [toLeft, toAbove, toCorner] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)]
  if (toLeft <= toAbove && toLeft <= toCorner) return left
  return toAbove <= toCorner ? above : corner
}

const COLOURS = 32

/** The colours that there is most of; every other becomes the nearest of them. */
function reduced(pixels: Buffer, depth: 3 | 4): { palette: Buffer; indices: Buffer } {
  const colours = new Uint32Array(pixels.length / depth)
  const counts = new Map<number, number>()
  for (let index = 0; index < colours.length; index += 1) {
    const colour = pixels.readUIntBE(index * depth, 3)
    colours[index] = colour
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const kept = [...counts].toSorted(([, a], [, b]) => b - a).map(([colour]) => colour)
  const palette = kept.slice(0, COLOURS)
  const nearest = new Map(kept.map((colour, index) => [colour, index < COLOURS ? index : nearestOf(colour, palette)]))
  return { palette: Buffer.from(palette.flatMap(channels)), indices: Buffer.from(Array.from(colours, (colour) => nearest.get(colour) ?? 0)) }
}

const channels = (colour: number): [number, number, number] => [colour >> 16, (colour >> 8) & 255, colour & 255]

function nearestOf(colour: number, palette: readonly number[]): number {
  const [red, green, blue] = channels(colour)
  let [best, least] = [0, Infinity]
  for (const [index, other] of palette.entries()) {
    const [r, g, b] = channels(other)
    const distance = (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2
    if (distance < least) [best, least] = [index, distance]
  }
  return best
}
