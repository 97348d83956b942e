/** A conformance target over a running libSQL server through Turso's own client, on every runtime. */

import { createClient } from "@tursodatabase/serverless/compat";
import { serverlessDriver } from "../../src/adapters/turso_serverless/serverless_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { ConformanceTarget } from "../../src/testing/mod.ts";
import { SQLITE_PROVIDES } from "./libsql_http.ts";
import { SqliteHarness } from "./sqlite_harness.ts";

/** A database of a server. Each harness has its own database, and each connection its own client. */
export function tursoServerlessTarget(urlOf: (database: string) => string): ConformanceTarget {
  let databases = 0;
  return {
    name: "turso serverless",
    provides: SQLITE_PROVIDES,
    async create() {
      databases += 1;
      // Runs that share a server must not share a database.
      const url = urlOf(`turso_${databases}_${crypto.randomUUID()}`);
      return new SqliteHarness({
        async connect() {
          const client = createClient({ url });
          const driver = serverlessDriver(client, silentLogger);
          return {
            ...driver,
            async close() {
              await driver.close();
              client.close();
            },
          };
        },
        // The server's owner deletes its folder.
        remove: async () => {},
      });
    },
  };
}
