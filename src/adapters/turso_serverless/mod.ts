/**
 * A backend over a Turso database, through `@tursodatabase/serverless/compat`.
 *
 * @module
 */
export type { TursoServerlessClient } from "./serverless_client.ts";
export { type TursoServerlessBackendOptions, tursoServerlessBackend } from "./turso_serverless_backend.ts";
