import { crc32, deflateSync, inflateSync } from 'node:zlib'

/**
 * A screenshot as Chromium makes it (PNG, 8 bits, RGB or RGBA), with at most 14 colours instead: a quarter of the size, and hardly another to the eye.
 * https://www.w3.org/TR/png-3/
 */
export function small(png: Uint8Array): Buffer {
  const { width, height, depth, data } = read(Buffer.from(png))
  const pixels = unfiltered(data, width, height, depth)
  const { palette, indices } = reduced(pixels, depth)
  // Before each row its filter: none.
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

const COLOURS = 14

/** Those that there is much of and that are unlike the others: a rare orange counts for more than one more grey. Every other becomes the nearest of them. */
function reduced(pixels: Buffer, depth: 3 | 4): { palette: Buffer; indices: Buffer } {
  const colours = new Uint32Array(pixels.length / depth)
  const counts = new Map<number, number>()
  for (let index = 0; index < colours.length; index += 1) {
    const colour = pixels.readUIntBE(index * depth, 3)
    colours[index] = colour
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const all = [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([colour, count]) => ({ colour, weight: count ** 0.35, nearest: 0, distance: Infinity }))
  const palette: number[] = []
  for (let chosen = all[0]; chosen !== undefined && palette.length < COLOURS;) {
    palette.push(chosen.colour)
    for (const one of all) {
      const distance = distanceOf(one.colour, chosen.colour)
      if (distance < one.distance) Object.assign(one, { distance, nearest: palette.length - 1 })
    }
    chosen = all
      .filter((one) => one.distance > 0)
      .reduce<(typeof all)[number] | undefined>(
        (best, one) => (best === undefined || one.weight * one.distance > best.weight * best.distance ? one : best),
        undefined,
      )
  }
  const nearest = new Map(all.map((one) => [one.colour, one.nearest]))
  return { palette: Buffer.from(palette.flatMap(channels)), indices: Buffer.from(Array.from(colours, (colour) => nearest.get(colour) ?? 0)) }
}

const channels = (colour: number): [number, number, number] => [colour >> 16, (colour >> 8) & 255, colour & 255]

function distanceOf(a: number, b: number): number {
  const [one, other] = [channels(a), channels(b)]
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2])
}
