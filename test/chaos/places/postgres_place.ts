import { Pool } from "pg";
import { postgresBackend } from "../../../src/adapters/postgres/mod.ts";
import { pgDriver } from "../../../src/adapters/postgres/pg_driver.ts";
import type { PostgresDriver } from "../../../src/adapters/postgres/postgres_driver.ts";
import { silentLogger } from "../../../src/ports/mod.ts";
import { startPostgresServer } from "../../support/postgres/server.ts";
import { faultyConnection } from "./chaos_backend.ts";
import { Network } from "./network.ts";
import type { OpenPlace } from "./open_place.ts";

/** A PostgreSQL server of its own. Each run has an account, and each process of it connections. */
export async function openPostgresPlace(): Promise<OpenPlace> {
  const server = await startPostgresServer();
  const pool = new Pool({ connectionString: server.url, max: 4 });
  pool.on("error", () => {});
  let runs = 0;
  return {
    async create() {
      runs += 1;
      const account = `run ${runs}`;
      const network = new Network();
      const driver = overNetwork(pgDriver(pool), network);
      return {
        connect: async ({ clock }, traffic) => {
          const backend = await postgresBackend({ driver, account, clock, logger: silentLogger });
          return traffic === undefined ? backend : faultyConnection(backend, traffic, { clock });
        },
        idle: () => network.idle(),
        arrive: () => network.arrive(),
      };
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
      await server.close();
    },
  };
}

/** A driver whose statements arrive one after the other, in the order in which they were sent. */
function overNetwork(driver: PostgresDriver, network: Network): PostgresDriver {
  return {
    durable: driver.durable,
    query: (statement) => network.send(() => driver.query(statement)),
    transaction: (statements) => network.send(() => driver.transaction(statements)),
    close: () => driver.close(),
  };
}
