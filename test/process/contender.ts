/**
 * One of several processes that take the same accounts from each other until they are killed:
 * `node contender.mjs <file: or postgres: URL> <accounts> <seed>`. See `contendAccounts`.
 */
import { Pool } from "pg";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { contendAccounts } from "./contending.ts";

const [url = "", accounts = "0", seed = "0"] = process.argv.slice(2);
const pool = url.startsWith("file:") ? undefined : new Pool({ connectionString: url, max: 4 });
await contendAccounts({
  accounts: Number(accounts),
  seed: Number(seed),
  open: async (number) => {
    const shared = { account: `bot-${number}`, logger: silentLogger };
    return await (pool === undefined
      ? libsqlBackend({ url, ...shared })
      : postgresBackend({ pg: pool, ...shared }));
  },
});
