/** What a thread on GitHub shows between the comments, and what happened around it. */
export interface Happening {
  readonly at: number
  readonly who: string | null
  readonly kind: 'label' | 'push' | 'image' | 'trouble' | 'bot'
  /** Markdown of our own. */
  readonly text: string
}

/** The part of a webhook's body that tells of a pull request's labels and commits. */
interface Told {
  readonly action?: string
  readonly sender?: { readonly login: string }
  readonly label?: { readonly name: string }
  readonly after?: string
  readonly pull_request?: unknown
}

/** What a thread shows of labels and pushes is what the webhooks say of them; null for any other. */
export function toldBy(body: string): (Omit<Happening, 'at'> & { readonly pushed: string | null }) | null {
  const { action, sender, label, after = '', pull_request: pull } = JSON.parse(body) as Told
  const who = sender?.login ?? null
  if (pull === undefined) return null
  if (action === 'labeled') return { who, kind: 'label', text: `added the label \`${label?.name}\``, pushed: null }
  if (action === 'unlabeled') return { who, kind: 'label', text: `took the label \`${label?.name}\` off again`, pushed: null }
  if (action === 'synchronize') return { who, kind: 'push', text: `pushed the commit \`${after.slice(0, 7)}\``, pushed: after }
  return null
}
