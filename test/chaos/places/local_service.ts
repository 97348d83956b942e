import { openAccount } from "../../../src/account/mod.ts";
import { openLibsqlDriver } from "../../../src/adapters/libsql/open_driver.ts";
import { MemoryDatabase, memoryBackend } from "../../../src/adapters/memory/mod.ts";
import { openSqliteBackend } from "../../../src/adapters/sqlite/mod.ts";
import type { Backend } from "../../../src/backend/mod.ts";
import { createApp } from "../../../src/http/mod.ts";
import { silentLogger } from "../../../src/ports/mod.ts";
import { LocalAccounts, SqlRegistry } from "../../../src/service/mod.ts";
import { FakeClock } from "../../../src/testing/mod.ts";
import { ADMIN_TOKEN, fetchOf } from "../../kit/service.ts";
import type { ChaosBackend } from "./chaos_backend.ts";
import { remoteChaosBackend } from "./remote_database.ts";
import { registerForChaos } from "./service_account.ts";

const URL = "https://holdfast.example";

/** Where the service in this process keeps its accounts. */
export type LocalStore = "memory" | "libsql";

/** Requests of one process until it finds the service begun anew. */
const REQUESTS_PER_LIFE = 40;

/**
 * The service in this process. Each process of the run that connects finds another incarnation of it, over
 * the same database, and another one after so many requests: what was sent to an earlier one is still carried
 * out there.
 */
export async function localServiceBackend(store: LocalStore): Promise<ChaosBackend> {
  const clock = new FakeClock();
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  const shared = { ...driver, close: async () => {} };
  const database = new MemoryDatabase();
  const openBackend = async (account: string): Promise<Backend> =>
    store === "memory"
      ? memoryBackend({ account, database, clock })
      : await openSqliteBackend(shared, { account, clock });
  const registry = await SqlRegistry.open(shared, clock);
  const serve = (): typeof fetch => {
    const accounts = new LocalAccounts({
      registry,
      clock,
      openBackend,
      openAccount: (account, backend) => openAccount({ taskLabel: account, backend, host: { clock } }),
    });
    return fetchOf(createApp({ accounts, adminToken: ADMIN_TOKEN, host: { clock } }));
  };
  const connect = async (): Promise<typeof fetch> => {
    let service = serve();
    let requests = 0;
    return async (url, init) => {
      requests += 1;
      if (requests % REQUESTS_PER_LIFE === 0) service = serve();
      return await service(url, init);
    };
  };
  const { account, token } = await registerForChaos(await connect(), URL);
  return remoteChaosBackend({ url: URL, token, account, connect });
}
