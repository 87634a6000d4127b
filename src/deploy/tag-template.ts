import { Refusal } from '../errors.ts'
import { nearest, quoted } from './wording.ts'

/** What the placeholders of an image's `tag` stand for; null where this deployment has no such thing. */
export interface TagValues {
  /** The full commit id. */
  readonly sha: string
  readonly branch: string | null
  /** The pull request's number. */
  readonly pr: number | null
}

const PLACEHOLDERS = ['sha', 'short_sha', 'branch', 'pr'] as const
type Placeholder = (typeof PLACEHOLDERS)[number]

const PLACEHOLDER = /\{([^{}]*)\}/g
// OCI distribution specification, "Pulling manifests": a tag.
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/** What this text would have to be to be a tag's template, for a sentence with "must be"; null where it is one. */
export function templateProblem(template: string): string | null {
  for (const [placeholder, name = ''] of template.matchAll(PLACEHOLDER)) {
    if (isPlaceholder(name)) continue
    const meant = nearest(name, PLACEHOLDERS)
    const hint = meant === null ? '' : `, did you mean {${meant}}?`
    return `a tag with no other placeholders than {sha}, {short_sha}, {branch} and {pr} (not ${quoted(placeholder)}${hint})`
  }
  if (!TAG.test(template.replace(PLACEHOLDER, 'x'))) return 'a tag: letters, digits, "_", "." and "-", with placeholders such as {sha}'
  return null
}

/** The tag that a template gives here. Characters of a branch that no tag may hold become `-`, as docker/metadata-action does it. */
export function fillTag(template: string, values: TagValues): string | Refusal {
  const missing = [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name).find((name) => valueOf(name, values) === null)
  if (missing !== undefined) {
    return new Refusal('IMAGE_REQUIRED', {
      sentence: `The tag ${quoted(template)} needs ${quoted(`{${missing}}`)}, which this deployment does not have.`,
      wanted: missing === 'pr' ? 'a command on a pull request, or a named image' : 'a named image',
      next: 'Name the image in the command, for example :1.2.',
    })
  }
  const tag = template.replace(PLACEHOLDER, (_, name: string) => valueOf(name, values) ?? '')
  if (TAG.test(tag)) return tag
  return new Refusal('REFERENCE_INVALID', {
    sentence: `The tag ${quoted(template)} gives ${quoted(tag)} here, which is not a valid tag.`,
    found: tag.slice(0, 160),
    wanted: 'at most 128 letters, digits, "_", "." and "-", not beginning with "." or "-"',
    next: 'Name the image in the command, for example :1.2.',
  })
}

const isPlaceholder = (name: string): name is Placeholder => (PLACEHOLDERS as readonly string[]).includes(name)

function valueOf(name: string, { sha, branch, pr }: TagValues): string | null {
  if (!isPlaceholder(name)) return null
  const values: Record<Placeholder, string | null> = {
    sha,
    short_sha: sha.slice(0, 7),
    branch: branch?.replace(/[^A-Za-z0-9._-]+/g, '-') ?? null,
    pr: pr === null ? null : String(pr),
  }
  return values[name]
}
