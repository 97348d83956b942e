/**
 * The OpenAPI document of the service of `@holdfast/store/http`, and the types of its paths for a client such
 * as `openapi-fetch`.
 *
 * @module
 */
export { openApiDocument } from "../openapi/mod.ts";
