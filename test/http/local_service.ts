/** The HTTP application in this process, as a service under test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAccount } from "../../src/account/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { openSqliteBackend, type SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { type AppType, createApp } from "../../src/http/mod.ts";
import { openApiDocument } from "../../src/openapi/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { LocalAccounts, SqlRegistry } from "../../src/service/mod.ts";
import { type FakeHost, fakeHost } from "../../src/testing/mod.ts";
import type { ServiceTarget, TestedService } from "../kit/service/harness.ts";
import { ADMIN_TOKEN } from "../kit/service.ts";

/** Smaller than the default, so that a body above it is quickly created. */
const CALL_BYTES = 1_024 * 1_024;

/** The origin whose pages may call the service. */
export const ORIGIN = "https://console.example";

/** A service in this process. */
export interface LocalService extends TestedService, AsyncDisposable {
  readonly app: AppType;
  readonly accounts: LocalAccounts;
  readonly registry: SqlRegistry;
  readonly host: FakeHost;
}

interface Store {
  readonly driver: SqlDriver;
  open(account: string, host: FakeHost): Promise<Backend>;
  dispose(): Promise<void>;
}

/** Accounts in memory. Names and tokens in a separate database. */
export async function memoryService(): Promise<LocalService> {
  const database = new MemoryDatabase();
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  return await serve({
    driver,
    open: async (account, { clock }) => memoryBackend({ account, clock, database }),
    dispose: () => driver.close(),
  });
}

/** Everything in one libSQL file. */
export async function fileService(): Promise<LocalService> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-http-"));
  const connect = () => openLibsqlDriver({ url: `file:${join(folder, "service.db")}`, logger: silentLogger });
  const driver = await connect();
  return await serve({
    driver,
    open: async (account, { clock }) => await openSqliteBackend(await connect(), { account, clock }),
    dispose: async () => {
      await driver.close();
      await rm(folder, { recursive: true, force: true });
    },
  });
}

/** Targets of the service cases: each case has a service of its own. */
export const LOCAL_TARGETS: readonly ServiceTarget[] = [
  targetOf("service over memory", memoryService),
  targetOf("service over a libsql file", fileService),
];

function targetOf(name: string, make: () => Promise<LocalService>): ServiceTarget {
  return {
    name,
    provides: ["logs", "registryContents"],
    async use(run) {
      const service = await make();
      try {
        await run(service);
      } finally {
        await service[Symbol.asyncDispose]();
      }
    },
  };
}

async function serve(store: Store): Promise<LocalService> {
  const host = fakeHost({ seed: 5 });
  const { clock } = host;
  const registry = await SqlRegistry.open(store.driver, clock, host.scheduler);
  const accounts = new LocalAccounts({
    registry,
    clock,
    openBackend: (name) => store.open(name, host),
    openAccount: (name, backend) =>
      openAccount({ taskLabel: name, backend, host: { clock, logger: host.logger } }),
  });
  const app = createApp({
    accounts,
    adminToken: ADMIN_TOKEN,
    host,
    limits: { callBytes: CALL_BYTES },
    openApi: openApiDocument(),
    corsOrigins: [ORIGIN],
  });
  return {
    ...{ app, accounts, registry, host },
    baseUrl: "https://holdfast.example",
    adminToken: ADMIN_TOKEN,
    callBytes: CALL_BYTES,
    seed: Number(process.env.HOLDFAST_SEED ?? 1),
    send: async (request) => await app.fetch(request),
    logs: () => host.logger.text,
    registryContents: () => contentsOf(store.driver),
    async [Symbol.asyncDispose](): Promise<void> {
      await accounts.close();
      await store.dispose();
    },
  };
}

async function contentsOf(driver: SqlDriver): Promise<string> {
  const rows = [
    ...(await driver.query("SELECT * FROM service_account", [])),
    ...(await driver.query("SELECT * FROM service_token", [])),
  ];
  return rows.flatMap((row) => row.map(textOf)).join("\n");
}

function textOf(value: unknown): string {
  if (!(value instanceof Uint8Array)) return String(value);
  const bytes = Buffer.from(value);
  return `${bytes.toString("hex")} ${bytes.toString("base64")} ${bytes.toString("latin1")}`;
}
