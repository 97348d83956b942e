/**
 * A backend over a D1 database, in a Worker.
 *
 * @module
 */
export { type D1BackendOptions, d1Backend } from "./d1_backend.ts";
export type { D1DatabaseLike, D1StatementLike } from "./d1_database.ts";
export { d1Driver } from "./d1_driver.ts";
