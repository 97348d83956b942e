import { type Account, openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { memoryService } from "../../test/http/local_service.ts";
import { startHranaServer } from "../../test/support/hrana/hrana_server.mjs";
import type { BenchEntry } from "../harness/entry.ts";
import { makeFolder } from "../support/folder.ts";

/** Requests of an account that is new, of one that is known and paired, and of one commit. */
interface Trips {
  readonly opensNew: number;
  readonly opensKnown: number;
  readonly commits: number;
}

const ADDRESS = "5511999990000@c.us.0";

async function tripsOf(connect: () => Promise<Backend>, requests: () => number): Promise<Trips> {
  const open = async (): Promise<Account> =>
    await openAccount({
      backend: connect,
      host: { logger: silentLogger },
      saverIntervalMs: "manual",
      housekeeping: false,
    });
  const counted = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
    const before = requests();
    const result = await work();
    return [result, requests() - before];
  };
  const [first, opensNew] = await counted(open);
  first.device.processCommands([
    { kind: "setId", pn: "5511999990000:1@s.whatsapp.net" },
    { kind: "setLid", lid: "100000000000001:1@lid" },
  ]);
  await first.flush();
  const [, commits] = await counted(() => first.store.putSession(ADDRESS, new Uint8Array(1_500)));
  await first.close();
  const [second, opensKnown] = await counted(open);
  await second.close();
  return { opensNew, opensKnown, commits };
}

/** Counted at the server. The database has its layout already. */
async function overHrana(): Promise<Trips> {
  const folder = makeFolder();
  let requests = 0;
  const server = await startHranaServer({
    directory: folder.path,
    fault: () => {
      requests += 1;
      return undefined;
    },
  });
  try {
    const url = server.url("trips");
    await (await libsqlBackend({ url, account: "other" })).close();
    return await tripsOf(
      () => libsqlBackend({ url, account: "bot" }),
      () => requests,
    );
  } finally {
    await server.close();
    folder.remove();
  }
}

/** Counted at the HTTP application of a service in this process. */
async function overService(): Promise<Trips> {
  await using service = await memoryService();
  const ask = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const headers = { authorization: `Bearer ${service.adminToken}`, "content-type": "application/json" };
    const request = new Request(`${service.baseUrl}/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await service.send(request);
    if (!response.ok) throw new Error(`${method} ${path}: answered with ${response.status}`);
    return response;
  };
  await ask("POST", "/accounts", { name: "bot" });
  const issued = await ask("POST", "/tokens", { account: "bot", permissions: ["account"] });
  const { token } = (await issued.json()) as { readonly token: string };
  let requests = 0;
  const fetch: typeof globalThis.fetch = async (url, init) => {
    requests += 1;
    return await service.send(new Request(String(url), init));
  };
  const connect = (): Promise<Backend> =>
    remoteBackend({ url: service.baseUrl, token, account: "bot", fetch });
  return await tripsOf(connect, () => requests);
}

/** The entries of one way, which is counted once. */
function entriesOf(way: string, against: string, count: () => Promise<Trips>): readonly BenchEntry[] {
  let counted: Promise<Trips> | undefined;
  const entry = (name: string, max: number, pick: (trips: Trips) => number): BenchEntry => ({
    name: `${name}.${way}`,
    kind: "count",
    unit: "round trips",
    limit: { max },
    against,
    run: async () => {
      counted ??= count();
      return pick(await counted);
    },
  });
  return [
    entry("open.round_trips", 2, ({ opensKnown }) => opensKnown),
    entry("open.round_trips_of_new", 3, ({ opensNew }) => opensNew),
    entry("commit.round_trips", 1, ({ commits }) => commits),
  ];
}

export const entries: readonly BenchEntry[] = [
  ...entriesOf("hrana", "requests of `libsqlBackend` and `openAccount` at a libSQL server", overHrana),
  ...entriesOf("remote", "requests of `remoteBackend` and `openAccount` at a service", overService),
];
