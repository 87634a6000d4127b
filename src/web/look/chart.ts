import { html } from 'hono/html'
import type { EndState } from '../../deploy/deployment.ts'
import { median, type Charted, type Figures } from '../../deploy/figures.ts'
import { duration } from '../../deploy/words.ts'
import { ago, type Markup } from './parts.ts'

/** In the units of the picture: it is as wide as there is room for. */
const WIDTH = 720
const HEIGHT = 120
/** For the mark above a bar. */
const HEADROOM = 16
const WIDEST = 24
const SHORTEST = 2

export interface Bar {
  readonly id: string
  readonly state: EndState
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** It took longer than there is room for. */
  readonly isCut: boolean
}

export interface Chart {
  readonly bars: readonly Bar[]
  /** What the highest bar stands for, milliseconds. */
  readonly top: number
}

/**
 * A bar for each, oldest first. The one that waited a night for its approval would make all others too low to be compared: what takes more than
 * twice as long as nine in ten did is cut.
 */
export function chartOf(series: readonly Charted[]): Chart {
  const sorted = series.map(({ took }) => took).toSorted((a, b) => a - b)
  const most = sorted.at(-1) ?? 0
  const usual = sorted[Math.ceil(sorted.length * 0.9) - 1] ?? 0
  const top = Math.max(1, most > usual * 2 && usual > 0 ? usual * 2 : most)
  const slot = Math.min(WIDEST, WIDTH / Math.max(1, series.length))
  const bars = series.map(({ id, state, took }, index): Bar => {
    const height = round(Math.max(SHORTEST, (Math.min(took, top) / top) * (HEIGHT - HEADROOM)))
    return { id, state, x: round(index * slot + slot * 0.15), y: round(HEIGHT - height), width: round(slot * 0.7), height, isCut: took > top }
  })
  return { bars, top }
}

const round = (value: number): number => Math.round(value * 10) / 10

/** How long each took and how it ended; what the picture shows is said in words, too. */
export function chart({ series }: Pick<Figures, 'series'>, now: number): Markup {
  const [first, last] = [series[0], series.at(-1)]
  if (first === undefined || last === undefined) return html``
  const { bars, top } = chartOf(series)
  return html`<figure class="chart">
    <p class="soft axis" aria-hidden="true">${duration(top)}</p>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="chart-title chart-says">
      <title id="chart-title">How long the last ${series.length} took, and how they ended</title>
      <desc id="chart-says">${saidOf(series)}</desc>
      <line class="ground" x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}" />
      <line class="grid" x1="0" y1="${HEADROOM}" x2="${WIDTH}" y2="${HEADROOM}" />
      ${bars.map(barOf)}
    </svg>
    <figcaption class="soft">
      <span>${ago(first.endedAt, now)}</span>
      <span class="legend"
        ><span class="key good"></span> deployed <span class="key bad">✕</span> failed <span class="key doubt">?</span> not known</span
      >
      <span>${ago(last.endedAt, now)}</span>
    </figcaption>
  </figure>`
}

const TONES: Partial<Record<EndState, 'good' | 'bad' | 'doubt'>> = { success: 'good', failure: 'bad', unknown: 'doubt' }

/** How it ended is told by a mark, too: not everybody tells colours apart. */
function barOf({ state, x, y, width, height, isCut }: Bar): Markup {
  const tone = TONES[state] ?? 'bad'
  const [middle, above] = [round(x + width / 2), round(y - 6)]
  const mark =
    tone === 'good'
      ? ''
      : tone === 'doubt'
        ? html`<circle cx="${middle}" cy="${above}" r="3" />`
        : html`<path d="M${middle - 3} ${above - 3}l6 6m0 -6l-6 6" />`
  const cut = isCut ? html`<path class="cut" d="M${x} ${round(y + 6)}l${width} -4" />` : ''
  return html`<g class="bar ${tone}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="1.5" />${cut}${mark}</g>`
}

/** The same for whoever does not see it. */
export function saidOf(series: readonly Charted[]): string {
  const counted = (wanted: EndState): number => series.filter(({ state }) => state === wanted).length
  const [good, bad, unknown] = [counted('success'), counted('failure'), counted('unknown')]
  const times = series.map(({ took }) => took)
  const ends = [`${good} succeeded`, `${bad} failed`, ...(unknown === 0 ? [] : [`of ${unknown} the outcome is not known`])]
  return `${ends.join(', ')}. They took ${duration(Math.min(...times))} to ${duration(Math.max(...times))}; half of them at most ${duration(median(times) ?? 0)}.`
}

/** The four figures with what they mean. */
export function figures({ frequency, leadTime, failureRate, timeToRestore }: Figures): Markup {
  const time = (ms: number | null): string => (ms === null ? '–' : duration(ms))
  const all = [
    ['Deployments a week', frequency === null ? '–' : String(round(frequency)), 'that succeeded'],
    ['Lead time', time(leadTime), 'from asking to running, waiting included'],
    ['Failure rate', failureRate === null ? '–' : `${Math.round(failureRate * 100)} %`, 'of those that changed something or tried to'],
    ['Time to restore', time(timeToRestore), 'from a failure to the next success'],
  ] as const
  return html`<dl class="figures">
      ${all.map(
        ([name, value, meaning]) =>
          html`<div>
            <dt>${name}</dt>
            <dd><b>${value}</b> <span class="soft">${meaning}</span></dd>
          </div>`,
      )}
    </dl>
    <p class="soft">Of the last four weeks; times are medians.</p>`
}
