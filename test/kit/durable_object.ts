/** A conformance target inside a Durable Object. */

import { durableObjectDriver, type ObjectStorageLike } from "../../src/adapters/durable_object/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { SQLITE_PROVIDES } from "./libsql_http.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/**
 * The storage of an object that nothing else uses. A crash goes on over the same storage in the same object:
 * what is not written when a commit resolves would show. What the death of a process does is tested
 * elsewhere.
 *
 * @param storageOf The storage of the object in which the case runs, asked for once for each harness.
 */
export function durableObjectTarget(storageOf: () => ObjectStorageLike): ConformanceTarget {
  return {
    name: "durable object",
    provides: SQLITE_PROVIDES,
    async create() {
      const storage = storageOf();
      return new SqliteHarness({
        connect: async () => durableObjectDriver(storage),
        remove: async () => {},
      });
    },
  };
}
