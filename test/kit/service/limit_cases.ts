import type { Backend } from "../../../src/backend/mod.ts";
import { LimitError } from "../../../src/errors/mod.ts";
import type { AccountList, AuditList, Problem } from "../../../src/http/mod.ts";
import { check, equal } from "../../../src/testing/conformance/assert.ts";
import { bodyOf } from "./calls.ts";
import { pathOf, problemIn, ServiceClient, type TestAccount } from "./client.ts";
import type { ServiceCase } from "./harness.ts";

/** The limits of one account: what is stored, and how often it is asked. */
export const limitCases: readonly ServiceCase[] = [
  {
    name: "limits: an administrator sets them, and they are listed with what is stored",
    async run(service) {
      const client = new ServiceClient(service);
      const account = await client.account("limited");
      const path = pathOf(account.name, "/limits");
      equal(await client.json("GET", path, 200), {}, "limits at first");
      const limits = { maxBytes: 1_000_000_000, maxRows: 500, requestsPerMinute: 5_000 };
      equal(await client.json("PUT", path, 200, { json: limits }), limits, "answer");
      equal(await client.json("GET", path, 200), limits, "limits");
      const { accounts } = (await client.json("GET", "/v1/accounts?limit=1000", 200)) as AccountList;
      equal(accounts.find(({ name }) => name === account.name)?.limits, limits, "limits in the list");
      await put(client, account, 0);
      const stats = (await client.json("GET", pathOf(account.name, "/stats"), 200)) as Stats;
      equal(stats.limits, limits, "limits in the statistics");
      equal(stats.stored?.rows, 1, "rows in the statistics");
      check((stats.stored?.bytes ?? 0) >= 100, "bytes in the statistics");
      equal(await client.json("PUT", path, 200, { json: {} }), {}, "answer without limits");
      equal(
        (await client.json("GET", pathOf(account.name, "/stats"), 200)) as Stats,
        { ...stats, limits: undefined, stored: undefined },
        "statistics without limits",
      );
      const { actions } = (await client.json("GET", "/v1/audit?limit=2", 200)) as AuditList;
      equal(
        actions.map(({ action, subject, outcome }) => [action, subject, outcome]),
        [
          ["account.limits", "{}", "done"],
          ["account.limits", JSON.stringify(limits), "done"],
        ],
        "actions",
      );
    },
  },
  {
    name: "limits: refuses what is no limit",
    async run(service) {
      const client = new ServiceClient(service);
      const { name } = await client.account("not limited");
      const path = pathOf(name, "/limits");
      const token = service.adminToken;
      for (const json of [{ maxBytes: -1 }, { maxRows: 0.5 }, { requestsPerMinute: 0 }, { maxFiles: 1 }, []])
        await client.refused("PUT", path, { token, json }, 400, "invalid");
      const problem = await client.refused(
        "PUT",
        path,
        { token, json: { requestsPerMinute: 0 } },
        400,
        "invalid",
      );
      equal(
        problem.errors,
        [{ in: "body", pointer: "#/requestsPerMinute", rule: "minimum", allowed: 1 }],
        "what is wrong",
      );
      equal(await client.json("GET", path, 200), {}, "limits");
    },
  },
  {
    name: "limits: rows beyond them are refused, and nothing else is",
    async run(service) {
      const client = new ServiceClient(service);
      const [account, other] = [await client.account("full"), await client.account("not full")];
      await limit(client, account, { maxRows: 3 });
      for (const id of [0, 1, 2]) await put(client, account, id);
      const problem = await refusedCommit(client, account);
      equal(problem.limit, { rule: "maxRows", allowed: 3 }, "limit");
      equal(await refusedBy(client, account), "maxRows", "the limit in the statistics");
      // The rows that are there may change.
      const backend = await client.backend(account);
      await putSession(backend, 0, 200);
      // One new row among others: nothing of the commit is written.
      const error = await backend
        .commit([session(1, 300), session(9, 300)])
        .catch((caught: unknown) => caught);
      check(error instanceof LimitError && error.limit?.rule === "maxRows", "the commit is not refused");
      equal((await backend.getSession(addressOf(1)))?.length, 100, "the row of a refused commit");
      equal(await backend.getSession(addressOf(9)), undefined, "the new row of a refused commit");
      // Another account has its own.
      for (const id of [0, 1, 2, 3, 4]) await put(client, other, id);
      // What shrinks goes through at the limit. It makes room for others.
      await backend.deleteSession(addressOf(2));
      await backend.close();
      await limit(client, account, { maxRows: 10 });
      equal(await refusedBy(client, account), undefined, "the limit in the statistics when it is raised");
      for (const id of [5, 6, 7]) await put(client, account, id);
    },
  },
  {
    name: "limits: bytes beyond them are refused, and reads and the deletion are not",
    async run(service) {
      const client = new ServiceClient(service);
      const account = await client.account("large");
      await put(client, account, 0);
      await limit(client, account, { maxBytes: 50 });
      const problem = await refusedCommit(client, account);
      equal(problem.limit, { rule: "maxBytes", allowed: 50 }, "limit");
      const { stored } = (await client.json("GET", pathOf(account.name, "/stats"), 200)) as Stats;
      check((stored?.bytes ?? 0) > 50, "what is stored is not more than the limit");
      const backend = await client.backend(account);
      equal((await backend.getSession(addressOf(0)))?.length, 100, "a read");
      await putSession(backend, 0, 100);
      const error = await putSession(backend, 0, 120).catch((caught: unknown) => caught);
      check(error instanceof LimitError, "a session beyond twice the limit grows");
      await backend.deleteSession(addressOf(0));
      await backend.close();
      await client.json("GET", pathOf(account.name, "/snapshot"), 200, { token: account.token });
      await client.makeDevice(account);
      await client.json("DELETE", pathOf(account.name, ""), 204);
      // The next account of the name has no limits.
      await client.create(account.name);
      equal(await client.json("GET", pathOf(account.name, "/limits"), 200), {}, "limits of the next account");
      await put(client, { name: account.name, token: await client.issue(account.name, "account") }, 0);
    },
  },
  {
    name: "limits: requests beyond them are refused, those of administrators are not",
    async run(service) {
      const client = new ServiceClient(service);
      const [account, other] = [await client.account("busy"), await client.account("not busy")];
      // The service answers these within less than the 30 seconds after which there is room for one more.
      await limit(client, account, { requestsPerMinute: 2 });
      for (let index = 0; index < 2; index += 1)
        await client.json("POST", pathOf(account.name, "/flush"), 200, { token: account.token });
      const response = await client.send("POST", pathOf(account.name, "/flush"), { token: account.token });
      equal(response.headers.get("retry-after"), "30", "header retry-after");
      const problem = await problemIn(response, 429, "limit");
      equal(problem.limit, { rule: "requestsPerMinute", allowed: 2 }, "limit");
      await client.json("GET", pathOf(account.name, "/stats"), 200, { token: account.token });
      await client.json("POST", pathOf(other.name, "/flush"), 200, { token: other.token });
      await limit(client, account, {});
      await client.json("POST", pathOf(account.name, "/flush"), 200, { token: account.token });
    },
  },
];

interface Stats {
  readonly limits?: object;
  readonly refusedBy?: string;
  readonly stored?: { readonly bytes: number; readonly rows?: number };
}

async function refusedBy(client: ServiceClient, { name }: TestAccount): Promise<string | undefined> {
  return ((await client.json("GET", pathOf(name, "/stats"), 200)) as Stats).refusedBy;
}

async function limit(client: ServiceClient, { name }: TestAccount, json: object): Promise<void> {
  await client.json("PUT", pathOf(name, "/limits"), 200, { json });
}

function addressOf(id: number): string {
  return `${5_511_000_000_000 + id}@c.us.0`;
}

function session(id: number, bytes: number): Parameters<Backend["commit"]>[0][number] {
  return { kind: "session.put", address: addressOf(id), record: new Uint8Array(bytes).fill(1) };
}

async function putSession(backend: Backend, id: number, bytes: number): Promise<void> {
  await backend.commit([session(id, bytes)]);
}

/** Stores a session of 100 bytes. */
async function put(client: ServiceClient, account: TestAccount, id: number): Promise<void> {
  const backend = await client.backend(account);
  await putSession(backend, id, 100);
  await backend.close();
}

/** A commit that stores one more session, and must be refused. */
async function refusedCommit(client: ServiceClient, account: TestAccount): Promise<Problem> {
  const response = await client.post(account, bodyOf({ kind: "commit", writes: [session(8, 100)] }));
  return await problemIn(response, 507, "limit");
}
