/** A conformance target inside a Durable Object. */

import { durableObjectDriver, type ObjectStorageLike } from "../../src/adapters/durable_object/mod.ts";
import type { Sealing } from "../../src/backend/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { SQLITE_PROVIDES } from "./libsql_http.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/**
 * A target over the storage of an object that has no other use. A crash continues over the same storage in
 * the same object, which detects writes that are missing when a commit resolves. Other tests cover the death
 * of a process.
 *
 * @param storageOf Returns the storage of the object in which the case runs. Called once for each harness.
 * @param sealing Encrypts stored values.
 */
export function durableObjectTarget(
  storageOf: () => ObjectStorageLike,
  sealing?: Sealing,
): ConformanceTarget {
  return {
    name: sealing === undefined ? "durable object" : "durable object, sealed",
    provides: SQLITE_PROVIDES,
    async create() {
      const storage = storageOf();
      return new SqliteHarness({
        ...(sealing && { sealing }),
        connect: async () => durableObjectDriver(storage),
        remove: async () => {},
      });
    },
  };
}
