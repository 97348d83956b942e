import { check, equal } from "../../../src/testing/conformance/assert.ts";
import { ServiceClient } from "./client.ts";
import type { ServiceCase } from "./harness.ts";

/** Lists that are longer than one page. */
export const pageCases: readonly ServiceCase[] = [
  {
    name: "routes: lists accounts in pages, in byte order",
    async run(service) {
      const client = new ServiceClient(service);
      const own = client.newName("page");
      const names = ["", "/", "/é", "/e\u0301", "/🙂", "/\uffff", "/A", "/a", "/%", "/10", "/9"].map(
        (end) => own + end,
      );
      for (const name of names) await client.create(name);
      const found: string[] = [];
      let after: string | undefined = own.slice(0, -1);
      for (let page = 0; after !== undefined && page < 20; page += 1) {
        const listed: Page = (await client.json(
          "GET",
          `/v1/accounts?limit=3&after=${encodeURIComponent(after)}`,
          200,
        )) as Page;
        check(listed.accounts.length <= 3, "a page is longer than its limit");
        found.push(...listed.accounts.map(({ name }) => name).filter((name) => name.startsWith(own)));
        after = listed.next;
      }
      equal(found, [...names].sort(byBytes), "names");
      for (const query of [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=1.5",
        "limit=",
        "limit=ten",
        "limit=%31%30%30%30%30",
        "after=%00",
      ]) {
        await client.refused("GET", `/v1/accounts?${query}`, { token: service.adminToken }, 400, "invalid");
        await client.refused("GET", `/v1/tokens?${query}`, { token: service.adminToken }, 400, "invalid");
      }
    },
  },
  {
    name: "routes: lists tokens in pages, at most 100 per account",
    async run(service) {
      const client = new ServiceClient(service);
      const { name } = await client.account("tokens");
      const json = { account: name, permissions: ["account", "account"], label: "Ann's phone" };
      const issued = (await client.json("POST", "/v1/tokens", 201, { json })) as Token & { token: string };
      equal([issued.account, issued.permissions, issued.label], [name, ["account"], "Ann's phone"], "issued");
      check(issued.token.startsWith(`hf_${issued.id}_`), "the token does not begin with its id");
      for (let count = 2; count < 100; count += 1) await client.issue(name, "account");
      await client.refused("POST", "/v1/tokens", { token: service.adminToken, json }, 429, "limit");
      const ids: string[] = [];
      let after = "";
      for (let page = 0; page < 20; page += 1) {
        const query = `account=${encodeURIComponent(name)}&limit=40&after=${after}`;
        const listed = (await client.json("GET", `/v1/tokens?${query}`, 200)) as {
          tokens: Token[];
          next?: string;
        };
        for (const token of listed.tokens) equal(token.account, name, "account of a listed token");
        ids.push(...listed.tokens.map(({ id }) => id));
        if (listed.next === undefined) break;
        after = listed.next;
      }
      equal(ids, [...new Set(ids)].sort(), "ids");
      equal([ids.length, ids.includes(issued.id)], [100, true], "tokens");
      const { tokens } = (await client.json("GET", "/v1/tokens?account=%00", 200)) as { tokens: Token[] };
      equal(tokens, [], "tokens of what is no account");
    },
  },
];

interface Page {
  readonly accounts: readonly { readonly name: string }[];
  readonly next?: string;
}

interface Token {
  readonly id: string;
  readonly account: string;
  readonly permissions: readonly string[];
  readonly label: string;
}

function byBytes(a: string, b: string): number {
  const [one, two] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  const index = one.findIndex((byte, at) => byte !== two[at]);
  return index === -1 ? one.length - two.length : (one[index] ?? 0) - (two[index] ?? -1);
}
