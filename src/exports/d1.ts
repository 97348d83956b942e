/**
 * A backend over a D1 database.
 *
 * @module
 */
export {
  type D1BackendOptions,
  type D1DatabaseLike,
  type D1StatementLike,
  d1Backend,
} from "../adapters/d1/mod.ts";
