import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAccount } from "../../src/account/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { openSqliteBackend } from "../../src/adapters/sqlite/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { listen } from "../../src/cli/listen.ts";
import { createApp } from "../../src/http/mod.ts";
import { silentLogger, systemClock } from "../../src/ports/mod.ts";
import { LocalAccounts, SqlRegistry } from "../../src/service/mod.ts";
import { FakeClock, SeededRandom } from "../../src/testing/mod.ts";
import { fetchAnew } from "../chaos/places/worker_place.ts";
import { ADMIN_TOKEN, fetchOf } from "../kit/service.ts";
import { startWorker } from "../worker/worker_process.ts";
import type { HistoryService } from "./run_history.ts";
import { slowBackend } from "./slow_backend.ts";

/** A service with the end of it. */
export type OpenService = HistoryService & AsyncDisposable;

/** Changes the backend of each account that the service opens. */
export type Around = (backend: Backend) => Backend;

/**
 * The service over memory in this process. Its database is slow, by turns of the event loop that are drawn:
 * equal seeds go alike.
 */
export async function memoryHistoryService(seed: number, around: Around = same): Promise<OpenService> {
  const clock = new FakeClock();
  const database = new MemoryDatabase();
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  const random = new SeededRandom(seed);
  const accounts = new LocalAccounts({
    registry: await SqlRegistry.open(driver, clock),
    clock,
    openBackend: async (account) => slowBackend(around(memoryBackend({ account, database, clock })), random),
    openAccount: (account, backend) =>
      openAccount({ taskLabel: account, backend, host: { clock, logger: silentLogger } }),
  });
  const app = createApp({ accounts, adminToken: ADMIN_TOKEN, host: { clock, logger: silentLogger } });
  return {
    url: "https://holdfast.example",
    send: fetchOf(app),
    async [Symbol.asyncDispose]() {
      await accounts.close();
      await driver.close();
    },
  };
}

/** The service over a libSQL file, reached over real connections. Each account has its own connections. */
export async function fileHistoryService(seed: number): Promise<OpenService> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-histories-"));
  const url = `file:${join(folder, "service.db")}`;
  const clock = systemClock;
  const driver = await openLibsqlDriver({ url, logger: silentLogger });
  const random = new SeededRandom(seed);
  const accounts = new LocalAccounts({
    registry: await SqlRegistry.open(driver, clock),
    clock,
    openBackend: async (account) => {
      const own = await openLibsqlDriver({ url, logger: silentLogger });
      return slowBackend(await openSqliteBackend(own, { account, clock }), random);
    },
    openAccount: (account, backend) =>
      openAccount({ taskLabel: account, backend, host: { clock, logger: silentLogger } }),
  });
  const app = createApp({ accounts, adminToken: ADMIN_TOKEN, host: { clock, logger: silentLogger } });
  const server = await listen((request) => app.fetch(request), { host: "127.0.0.1", port: 0 });
  return {
    url: `http://127.0.0.1:${server.port}`,
    send: fetch,
    async [Symbol.asyncDispose]() {
      await server.cut();
      await accounts.close();
      await driver.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Requests after which workerd is killed in the middle of what it does. */
const REQUESTS_UNTIL_KILL = 120;

/** Where clients find the Worker, wherever it listens at the moment. */
const URL = "http://worker.example";

/** The Worker that is deployed, in workerd. It is killed once, and starts again over the same objects. */
export async function workerHistoryService(): Promise<OpenService> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-histories-"));
  let worker = await startWorker({ folder });
  let starting = Promise.resolve();
  let requests = 0;
  const restart = async (): Promise<void> => {
    await worker.kill();
    await worker.stop();
    worker = await startWorker({ folder });
  };
  return {
    url: URL,
    async send(url, init) {
      await starting;
      requests += 1;
      if (requests === REQUESTS_UNTIL_KILL) starting = restart();
      return await fetchAnew(String(url).replace(URL, worker.url), init);
    },
    async [Symbol.asyncDispose]() {
      await starting;
      await worker.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function same(backend: Backend): Backend {
  return backend;
}
