/** HTML made from a template in which every value is escaped. */
type Html = { readonly html: string }

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function html(parts: TemplateStringsArray, ...values: (string | Html)[]): Html {
  const text = (value: string | Html) => (typeof value === 'string' ? value.replace(/[&<>"']/g, (character) => ESCAPES[character]!) : value.html)
  return { html: parts.map((part, index) => part + (index < values.length ? text(values[index]!) : '')).join('') }
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}
label{display:block;margin:1rem 0}input{display:block;width:100%;font:inherit;padding:.4rem;box-sizing:border-box}button{font:inherit;padding:.5rem 1rem}`

export function page(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" /><meta name="viewport" content="width=device-width" />
      <title>${title}</title
      ><style>
        ${{ html: STYLE }}
      </style>
      <main>
        <h1>${title}</h1>
        ${content}
      </main>
    </html>`.html
}

/** First page: the token from the terminal, and where the App shall live. */
export function askPage(home: string | null, isProxied: boolean, complaint: string): string {
  const address = html`<label
    >Public address of this Gantry (GitHub sends webhooks there)
    <input name="home" type="url" required placeholder="https://gantry.example.com" value="${home ?? ''}"
  /></label>`
  return page(
    'Register the GitHub App',
    html`<p>
        Gantry has no GitHub App yet. This registers one, with the permissions that <code>app.yml</code> lists, and writes its keys to
        <code>.env</code>.
      </p>
      ${complaint ? html`<p role="alert"><strong>${complaint}</strong></p>` : ''}
      <form method="post" action="/setup">
        <label>Token from the terminal <input name="token" required autocomplete="off" /></label> ${isProxied ? '' : address}<label
          >Organization that shall own the App (empty: you) <input name="organization" autocomplete="off"
        /></label>
        <button>Continue</button>
      </form>`,
  )
}

/** Second page: hands the manifest to GitHub, in the browser of the person who will own the App. */
export function handOverPage(action: string, manifest: string): string {
  return page(
    'Continue on GitHub',
    html`<p>GitHub shows what the App asks for, and sends you back here once it exists.</p>
      <form method="post" action="${action}"><input type="hidden" name="manifest" value="${manifest}" /><button>Register on GitHub</button></form>`,
  )
}

export function donePage(installUrl: string, left: readonly string[]): string {
  const kept = html`<p>These had a value in <code>.env</code> already and were left alone: ${left.join(', ')}.</p>`
  return page(
    'The App is registered',
    html`<p>Its keys are in <code>.env</code>.</p>
      ${left.length > 0 ? kept : ''}
      <ol>
        <li><a href="${installUrl}" rel="noreferrer">Install the App</a> on the repositories that shall deploy.</li>
        <li>Start Gantry again: <code>npm start</code></li>
      </ol>`,
  )
}
