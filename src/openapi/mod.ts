/**
 * The OpenAPI document of the service. Apart from `http`, so that a Worker does not bundle it.
 *
 * @module
 */

export { openApiDocument } from "./openapi_document.ts";
export type { components, paths } from "./openapi_types.ts";
