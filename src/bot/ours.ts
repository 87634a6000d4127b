import * as z from 'zod'

/** What each GitHub Deployment of ours carries in its payload (`newDeployment` in projection.ts). */
const carried = z.object({ gantry: z.object({ id: z.string(), key: z.string() }) })

/** GraphQL gives the payload as JSON text, and as text within text where it was sent as a string. */
export function gantryIn(payload: string | null | undefined): z.infer<typeof carried>['gantry'] | null {
  try {
    const once: unknown = JSON.parse(payload ?? 'null')
    const parsed = carried.safeParse(typeof once === 'string' ? JSON.parse(once) : once)
    return parsed.success ? parsed.data.gantry : null
  } catch {
    return null
  }
}

/** An App is `gantry` as an actor, as a person may be too, and `gantry[bot]` as a viewer. */
export const isUs = (creator: { readonly __typename: string; readonly login: string } | null | undefined, viewer: string | undefined): boolean =>
  creator?.__typename === 'Bot' && creator.login.replace(/\[bot\]$/, '') === viewer?.replace(/\[bot\]$/, '')
