// Stands in the Worker's bundle for what describes the HTTP API: /openapi.json is a static asset there, made when the Worker is built.
import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi'
import type { ZodType } from 'zod'

/** Of `@asteasolutions/zod-to-openapi` the list of routes. */
export class OpenAPIRegistry {
  readonly definitions: OpenAPIHono['openAPIRegistry']['definitions'] = []

  registerPath(route: RouteConfig): void {
    this.definitions.push({ type: 'route', route })
  }
}

/** `.openapi()` leaves a schema as it is. */
export function extendZodWithOpenApi({ ZodType: { prototype } }: { readonly ZodType: { readonly prototype: ZodType } }): void {
  prototype.openapi = function (this: ZodType) {
    return this
  }
}

export const publish = (): void => {}

const unused = undefined
export { unused as OpenApiGeneratorV3, unused as OpenApiGeneratorV31, unused as getOpenApiMetadata }

/** Of zod: methods that every schema has. */
export const createToJSONSchemaMethod = (): undefined => unused
export const createStandardJSONSchemaMethod = (): undefined => unused
