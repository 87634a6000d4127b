import { html } from '../../src/runtime/setup-pages.ts'

/** Drawings on 16 × 16, by name; the first ones are those of the bot's marks. */
const DRAWINGS: Readonly<Record<string, string>> = {
  running: '<path d="M14 8a6 6 0 1 1-3.2-5.3"/>',
  waiting: '<circle cx="8" cy="8" r="6"/><path d="M8 4.6V8l2.2 1.6"/>',
  done: '<circle cx="8" cy="8" r="7" class="disc"/><path d="m4.9 8.3 2.1 2.1 4.2-4.6" class="on-disc"/>',
  failed: '<circle cx="8" cy="8" r="7" class="disc"/><path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" class="on-disc"/>',
  refused: '<circle cx="8" cy="8" r="7" class="disc"/><path d="M4.8 8h6.4" class="on-disc"/>',
  skipped: '<circle cx="8" cy="8" r="6"/><path d="M5.4 8h5M8.4 5.8 10.6 8l-2.2 2.2"/>',
  unknown: '<circle cx="8" cy="8" r="6"/><path d="M6.3 6.4c0-2.3 3.5-2.2 3.5 0 0 1.4-1.8 1.4-1.8 2.7m0 1.6v.6"/>',
  eyes: '<path d="M1.2 8S3.6 3.8 8 3.8 14.8 8 14.8 8 12.4 12.2 8 12.2 1.2 8 1.2 8Z"/><circle cx="8" cy="8" r="2" class="disc"/>',
  confused: '<circle cx="8" cy="8" r="6.2"/><path d="M5.8 6.3v.4m4.4-.4v.4M5.4 11c1.4-1.3 3.2-1.5 5-.9"/>',
  crane: '<path d="M4 14.5V2m0 2.2h10.5M4 2l7.5 2.2M4 2 1.5 4.2H4M1.6 14.5h4.8M12.5 4.2v3.3"/><path d="M10.2 7.5h4.6v3.4h-4.6Z" class="disc"/>',
  label: '<path d="M2 3v4.6l6.2 6.2 5.4-5.4L7.4 2.2H2.8Z"/><circle cx="5.2" cy="5.4" r=".8" class="disc"/>',
  push: '<circle cx="8" cy="8" r="2.7"/><path d="M1 8h4.3m5.4 0H15"/>',
  image: '<path d="m8 1.6 5.6 3.1v6.5L8 14.4l-5.6-3.2V4.7ZM2.4 4.7 8 7.9l5.6-3.2M8 7.9v6.5"/>',
  trouble: '<path d="M9 1.5 3 9.2h4.4L6.6 14.5 13 6.6H8.4Z"/>',
  bot: '<path d="M8 1.6v6M4.6 3.6a5.6 5.6 0 1 0 6.8 0"/>',
  lock: '<rect x="3.2" y="7" width="9.6" height="7" rx="1.2"/><path d="M5.2 7V4.8a2.8 2.8 0 0 1 5.6 0V7"/>',
  branch:
    '<circle cx="4.5" cy="3.6" r="1.7"/><circle cx="4.5" cy="12.4" r="1.7"/><circle cx="11.5" cy="5" r="1.7"/><path d="M4.5 5.3v5.4M11.5 6.7c0 2.6-4.6 2-6.4 4"/>',
  open: '<path d="M9.5 2.5h4v4m0-4-6 6M12 9.5v4H2.5V4h4"/>',
}

/** A drawing; `glyph` is the character that it stands for, for those who do not see it and for the clipboard. */
export const icon = (name: string, glyph = '') =>
  html`<span class="icon icon-${name}"
    >${glyph === '' ? '' : html`<span class="unseen">${glyph}</span>`}<svg viewBox="0 0 16 16" aria-hidden="true"><use href="#i-${name}" /></svg
  ></span>`

/** Once in the page. */
export const sprite = (): string =>
  `<svg class="sprite" aria-hidden="true">${Object.entries(DRAWINGS)
    .map(([name, drawing]) => `<symbol id="i-${name}" viewBox="0 0 16 16">${drawing}</symbol>`)
    .join('')}</svg>`

/** A file of its own. */
export const iconFile = (name: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#e59a00" stroke-width="1.5"><style>.disc{fill:#e59a00}</style>${DRAWINGS[name]}</svg>`
