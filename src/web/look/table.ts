import { html } from 'hono/html'
import type { Markup } from './parts.ts'

/** Wide ones scroll by themselves, also by the keyboard, and never the page. `label`: what it is, for whoever does not see it. `rows`: `<tr>`s. `kind`: for the stylesheet. */
export const table = (label: string, headings: readonly string[], rows: readonly Markup[], kind = ''): Markup =>
  html`<div class="table" tabindex="0" role="region" aria-label="${label}">
    <table class="${kind}">
      <thead>
        <tr>
          ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`
