import { isObject } from './description.ts'
import type { CheckAction, CheckAnnotation, CheckOutput } from './state.ts'

/** A request's JSON, after the referee has held it to the description. */
export class Body {
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(value: unknown) {
    this.#fields = isObject(value) ? value : {}
  }

  value(key: string): unknown {
    return this.#fields[key]
  }

  text(key: string): string | undefined {
    const value = this.#fields[key]
    return typeof value === 'string' ? value : undefined
  }

  flag(key: string): boolean | undefined {
    const value = this.#fields[key]
    return typeof value === 'boolean' ? value : undefined
  }

  list(key: string): readonly unknown[] | undefined {
    const value = this.#fields[key]
    return Array.isArray(value) ? (value as readonly unknown[]) : undefined
  }

  inner(key: string): Body | undefined {
    const value = this.#fields[key]
    return isObject(value) ? new Body(value) : undefined
  }
}

/** A check run's output and buttons, which REST and GraphQL write alike. */
export const checkOutput = (body: Body | undefined): CheckOutput | undefined =>
  body && { title: body.text('title') ?? '', summary: body.text('summary') ?? '', text: body.text('text') ?? null }

/** REST and GraphQL spell these in ways of their own. */
export function checkAnnotations(list: readonly unknown[] | undefined): readonly CheckAnnotation[] | undefined {
  return list?.map((one) => {
    const body = new Body(one)
    const location = body.inner('location') ?? body
    const number = (camel: string, snake: string): number | null => {
      const value = location.value(camel) ?? location.value(snake)
      return typeof value === 'number' ? value : null
    }
    const [from, to] = [number('startColumn', 'start_column'), number('endColumn', 'end_column')]
    return {
      path: body.text('path') ?? '',
      lines: [number('startLine', 'start_line') ?? 0, number('endLine', 'end_line') ?? 0],
      columns: from === null || to === null ? null : [from, to],
      level: (body.text('annotationLevel') ?? body.text('annotation_level') ?? '').toLowerCase() as CheckAnnotation['level'],
      title: body.text('title') ?? null,
      message: body.text('message') ?? '',
    }
  })
}

export function checkActions(list: readonly unknown[] | undefined): readonly CheckAction[] | undefined {
  return list?.map((one) => {
    const body = new Body(one)
    return { label: body.text('label') ?? '', description: body.text('description') ?? '', identifier: body.text('identifier') ?? '' }
  })
}
