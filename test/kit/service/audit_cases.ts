import { check, equal } from "../../../src/testing/conformance/assert.ts";
import { pathOf, ServiceClient } from "./client.ts";
import type { ServiceCase } from "./harness.ts";

interface Action {
  readonly id: number;
  readonly atMs: number;
  readonly by: string;
  readonly action: string;
  readonly account?: string;
  readonly subject?: string;
  readonly outcome?: string;
  readonly times?: number;
}

interface Listed {
  readonly actions: readonly Action[];
  readonly next?: string;
}

/** The list of administrators' actions, and the ends of tokens. */
export const auditCases: readonly ServiceCase[] = [
  {
    name: "audit: lists who did what, on which account, with which outcome",
    async run(service) {
      const client = new ServiceClient(service);
      const [latest] = (await list(client, "?limit=1")).actions;
      const { name, token } = await client.account("audited", "unredacted");
      await client.makeDevice({ name, token });
      const admin = await client.issue(undefined, "admin");
      const [id, adminId] = [token, admin].map((whole) => whole.slice(3, 19));
      await client.json("GET", pathOf(name, "/snapshot"), 200, { token });
      await client.json("GET", pathOf(name, "/snapshot?redacted=false"), 200, { token });
      await client.json("DELETE", `/v1/tokens/${id}`, 204, { token: admin });
      await client.refused("DELETE", `/v1/tokens/${id}`, { token: admin }, 404, "not-found");
      await client.json("DELETE", pathOf(name, ""), 204, { token: admin });
      // What is refused before it begins is no action.
      await client.refused("POST", "/v1/accounts", { token: admin, json: { name: 5 } }, 400, "invalid");
      await client.refused("POST", "/v1/accounts", { token, json: { name } }, 401, "unauthorized");
      const { actions } = await list(client, "?limit=20");
      const own = actions.filter((action) => action.id > (latest?.id ?? 0)).reverse();
      const of = (action: string, by: unknown, more: object): object => ({
        action,
        by,
        outcome: "done",
        ...more,
      });
      equal(
        own.map(({ id: _, atMs, ...action }) => {
          check(atMs > 0, "an action has no time");
          return action;
        }),
        [
          of("account.create", "root", { account: name }),
          of("token.issue", "root", { account: name, subject: id }),
          of("token.issue", "root", { subject: adminId }),
          of("snapshot.unredacted", id, { account: name }),
          of("token.revoke", adminId, { subject: id }),
          of("token.revoke", adminId, { subject: id, outcome: "not-found" }),
          of("account.delete", adminId, { account: name }),
        ],
        "actions",
      );
      const first = await list(client, "?limit=1");
      const second = await list(client, `?limit=1&after=${first.next}`);
      equal([first.actions[0], second.actions[0]], actions.slice(0, 2), "pages");
      const query = { token: service.adminToken };
      await client.refused("GET", "/v1/audit?after=x", query, 400, "invalid");
      await client.revoke(admin);
    },
  },
  {
    // A token of one account would otherwise push out what administrators did.
    name: "audit: joins snapshots with private keys of one token within an hour",
    async run(service) {
      const client = new ServiceClient(service);
      const { name, token } = await client.account("joined", "unredacted");
      const path = pathOf(name, "/snapshot?redacted=false");
      for (let reads = 0; reads < 3; reads += 1) await client.json("GET", path, 200, { token });
      const own = (await list(client, "?limit=20")).actions.filter(
        ({ account, action }) => account === name && action === "snapshot.unredacted",
      );
      // The hour may end in between.
      check(own.length <= 2, `${own.length} entries`);
      equal(
        own.reduce((sum, { times = 1 }) => sum + times, 0),
        3,
        "snapshots that were asked for",
      );
      equal(own[0]?.outcome, "done", "outcome");
    },
  },
  {
    name: "tokens: have an end, and tell their last use",
    async run(service) {
      const client = new ServiceClient(service);
      const { name } = await client.account("expiring");
      const issue = { account: name, permissions: ["account"] };
      const asked = { token: service.adminToken };
      for (const expiresInS of [59, 315_360_001, 60.5, "60", null]) {
        await client.refused(
          "POST",
          "/v1/tokens",
          { ...asked, json: { ...issue, expiresInS } },
          400,
          "invalid",
        );
      }
      const json = { ...issue, expiresInS: 60 };
      const issued = (await client.json("POST", "/v1/tokens", 201, { json })) as Issued;
      equal(issued.expiresAtMs - issued.createdAtMs, 60_000, "the time of a minute");
      equal("lastUsedAtMs" in issued, false, "a use of a new token");
      await client.json("GET", pathOf(name, "/stats"), 200, { token: issued.token });
      const { tokens } = (await client.json(
        "GET",
        `/v1/tokens?account=${encodeURIComponent(name)}`,
        200,
      )) as {
        readonly tokens: readonly Issued[];
      };
      equal(
        tokens.find(({ id }) => id === issued.id)?.expiresAtMs,
        issued.expiresAtMs,
        "its end in the list",
      );
    },
  },
];

interface Issued {
  readonly id: string;
  readonly token: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

async function list(client: ServiceClient, query: string): Promise<Listed> {
  return (await client.json("GET", `/v1/audit${query}`, 200)) as Listed;
}
