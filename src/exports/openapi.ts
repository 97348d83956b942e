/**
 * The OpenAPI document of the service of `@holdfast/store/http`, and the types of its paths for a client such
 * as `openapi-fetch`.
 *
 * @module
 */
export { type components, openApiDocument, type paths } from "../openapi/mod.ts";
