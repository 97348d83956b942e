/** The remote backend against the real HTTP application in this process, over any other target. */

import { openAccount } from "../../src/account/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import type { SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { type AppType, createApp } from "../../src/http/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { LocalAccounts, SqlRegistry } from "../../src/service/mod.ts";
import {
  type ConformanceHarness,
  type ConformanceTarget,
  type DamagedValue,
  DEFAULT_ACCOUNT,
  type FakeClock,
} from "../../src/testing/mod.ts";

/** The host's own admin token of the services under test. */
export const ADMIN_TOKEN: string = "test-admin-token-0123456789abcdef";

const URL_OF_SERVICE = "https://holdfast.example";

/** The requests of a client, answered by an application in this process. */
export function fetchOf(app: AppType): typeof fetch {
  return async (url, init) => await app.fetch(new Request(url, init));
}

/** Registers an account, as an administrator does. */
export async function registerAccount(send: typeof fetch, base: string, name: string): Promise<void> {
  const response = await send(`${base}/v1/accounts`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!response.ok) throw new Error(`register account: ${response.status} ${await response.text()}`);
}

/** Issues a token that may use and erase every account, as an administrator does. */
export async function issueKitToken(send: typeof fetch, base: string): Promise<string> {
  const response = await send(`${base}/v1/tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ permissions: ["account", "erase"], label: "kit" }),
  });
  if (!response.ok) throw new Error(`issue token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { readonly token: string }).token;
}

/** The same target with each backend reached through the service. The token allows every account. */
export function throughService(target: ConformanceTarget): ConformanceTarget {
  return {
    name: `remote over ${target.name}`,
    provides: target.provides,
    create: async () => {
      const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
      return new ServiceHarness(await target.create(), driver);
    },
  };
}

class ServiceHarness implements ConformanceHarness {
  readonly clock: FakeClock;
  readonly failCommitAt?: (statementIndex: number) => void;
  readonly damage?: NonNullable<ConformanceHarness["damage"]>;
  readonly oracle?: NonNullable<ConformanceHarness["oracle"]>;
  readonly #inner: ConformanceHarness;
  readonly #driver: SqlDriver;
  #service: Promise<{ accounts: LocalAccounts; send: typeof fetch; token: string }> | undefined;
  #open: Backend[] = [];

  constructor(inner: ConformanceHarness, driver: SqlDriver) {
    this.#inner = inner;
    this.#driver = driver;
    this.clock = inner.clock;
    const { failCommitAt, damage, oracle } = inner;
    if (failCommitAt !== undefined) this.failCommitAt = (index) => failCommitAt.call(inner, index);
    if (damage !== undefined) {
      this.damage = (account: string, value: DamagedValue, how) => damage.call(inner, account, value, how);
    }
    if (oracle !== undefined) this.oracle = () => oracle.call(inner);
  }

  async open(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    this.#service ??= this.#serve();
    const { send, token } = await this.#service;
    const checked = async (...[url, init]: Parameters<typeof fetch>): Promise<Response> => {
      // The client rejects an invalid account name before it sends a request.
      await registerAccount(send, URL_OF_SERVICE, account);
      return await send(url, init);
    };
    const backend = await remoteBackend({
      url: URL_OF_SERVICE,
      token,
      account,
      fetch: checked,
      host: { clock: this.clock },
    });
    this.#open.push(backend);
    return backend;
  }

  async reopen(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    await this.#closeAll();
    const inner = await this.#inner.reopen(account);
    await inner.close();
    return await this.open(account);
  }

  async crash(account: string = DEFAULT_ACCOUNT): Promise<Backend> {
    this.#service = undefined;
    this.#open = [];
    const inner = await this.#inner.crash(account);
    await inner.close();
    return await this.open(account);
  }

  async dispose(): Promise<void> {
    await this.#closeAll();
    await this.#inner.dispose();
    await this.#driver.close();
  }

  async #serve(): Promise<{ accounts: LocalAccounts; send: typeof fetch; token: string }> {
    const { clock } = this;
    const accounts = new LocalAccounts({
      registry: await SqlRegistry.open(this.#driver, clock),
      clock,
      openBackend: (name) => this.#inner.open(name),
      openAccount: (name, backend) => openAccount({ taskLabel: name, backend, host: { clock } }),
    });
    const app = createApp({ accounts, adminToken: ADMIN_TOKEN, host: { clock } });
    const send = fetchOf(app);
    return { accounts, send, token: await issueKitToken(send, URL_OF_SERVICE) };
  }

  async #closeAll(): Promise<void> {
    for (const backend of this.#open.splice(0)) await backend.close();
    const service = await this.#service;
    this.#service = undefined;
    await service?.accounts.close();
  }
}
