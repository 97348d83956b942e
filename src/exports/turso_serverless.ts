/**
 * A backend over `@tursodatabase/serverless`.
 *
 * @module
 */
export {
  type TursoServerlessBackendOptions,
  type TursoServerlessClient,
  tursoServerlessBackend,
} from "../adapters/turso_serverless/mod.ts";
