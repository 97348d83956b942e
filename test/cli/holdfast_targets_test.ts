/** The program `holdfast` on database servers and services, beside an owner that sends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { listen } from "../../src/cli/listen.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { memoryService } from "../http/local_service.ts";
import { ADMIN_TOKEN } from "../kit/service.ts";
import { type HranaServer, startHranaServer } from "../support/hrana/hrana_server.mjs";
import { fill, holdfast, holdfastJson, sendOnce } from "./holdfast_world.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-targets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HOST = { host: { logger: silentLogger }, saverIntervalMs: "manual", housekeeping: false } as const;

let files = 0;

/** Commands that look, with the account named. */
function looks(target: string): string[][] {
  files += 1;
  return [
    ["show", target, "-a", "shop"],
    ["verify", target, "-a", "shop"],
    ["diff", target, target, "-a", "shop"],
    ["export", target, join(folder, `e${files}.holdfast`), "-a", "shop"],
    ["backup", target, join(folder, `b${files}.holdfast`), "-a", "shop"],
    ["snapshot", target, folder, "-a", "shop"],
  ];
}

/** Runs every command that looks between messages of an owner, which is not fenced. */
async function besideOwner(owner: Account, commands: readonly string[][], env: Record<string, string>) {
  const before = await owner.store.readOwner();
  const { tables } = await owner.store.snapshotDb("before");
  for (const [index, args] of commands.entries()) {
    expect(await holdfast(args, { env }), args[0]).toMatchObject({ code: 0 });
    await sendOnce(owner, index);
  }
  expect(await owner.store.readOwner()).toEqual(before);
  expect((await owner.store.snapshotDb("before")).tables.map(({ rows }) => rows)).toEqual(
    tables.map(({ rows }) => rows),
  );
}

describe("a database server", () => {
  const TOKEN = "token-of-the-database";
  const env = { HOLDFAST_DB_TOKEN: TOKEN };
  const statements: string[] = [];
  let server: HranaServer;
  let target: string;
  beforeAll(async () => {
    const onStatement = (sql: string) => void statements.push(sql);
    server = await startHranaServer({ directory: folder, authToken: TOKEN, onStatement });
    target = `${server.url("main").replace(/^http:/, "libsql:")}?tls=0`;
  });
  afterAll(() => server.close());

  test("is looked at without a statement that writes, beside a sending owner", async () => {
    const backend = () =>
      libsqlBackend({ url: server.url("main"), authToken: TOKEN, account: "shop", logger: silentLogger });
    const owner = await openAccount({ backend, ...HOST });
    await fill(owner);
    expect((await holdfastJson(["accounts", target], { env })).json).toMatchObject({
      kind: "database",
      accounts: [{ account: "shop" }],
    });
    await besideOwner(owner, looks(target), env);
    statements.length = 0;
    for (const args of looks(target)) await holdfast(args, { env });
    expect(statements.length).toBeGreaterThan(10);
    expect(statements.filter((sql) => !/^\s*(?:SELECT|WITH)\b/i.test(sql))).toEqual([]);
    // It cannot be known whether the owner still runs.
    expect(await holdfast(["erase", target, "--yes"], { env })).toMatchObject({
      code: 4,
      err: expect.stringContaining("--takeover"),
    });
    await owner.close();
    expect((await holdfast(["erase", target, "--yes", "--takeover"], { env })).code).toBe(0);
    expect((await holdfastJson(["accounts", target], { env })).json).toMatchObject({ accounts: [] });
  });

  test("refuses another token without repeating it", async () => {
    const outcome = await holdfast(["accounts", target], { env: { HOLDFAST_DB_TOKEN: "not-the-token" } });
    expect(outcome.code).toBe(7);
    expect(outcome.err + outcome.out).not.toContain("not-the-token");
  });
});

describe("a service", () => {
  test("is looked at beside a client that sends, and erases what it has", async () => {
    await using service = await memoryService();
    const server = await listen((request) => service.app.fetch(request), { host: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${server.port}`;
    const admin = { HOLDFAST_ADMIN_TOKEN: ADMIN_TOKEN };
    const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
      const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
      return (await response.json()) as Record<string, unknown>;
    };
    try {
      await post("/v1/accounts", { name: "shop" });
      const { token } = await post("/v1/tokens", { account: "shop", permissions: ["account"] });
      const env = { HOLDFAST_TOKEN: String(token) };
      const owner = await openAccount({
        backend: () => remoteBackend({ url, token: String(token), account: "shop" }),
        ...HOST,
      });
      await fill(owner);
      expect((await holdfastJson(["accounts", url], { env: admin })).json).toMatchObject({
        kind: "service",
        accounts: [{ account: "shop" }],
      });
      await besideOwner(owner, looks(url), env);
      const local = join(folder, "from-service.db");
      const refused = await holdfast(["move", url, local, "-a", "shop", "--yes"], { env });
      expect(refused).toMatchObject({ code: 4, err: expect.stringContaining("--takeover") });
      await owner.close();
      expect(
        await holdfast(["move", url, local, "-a", "shop", "--yes", "--takeover"], { env }),
      ).toMatchObject({ code: 0 });
      expect((await holdfastJson(["accounts", local])).json).toMatchObject({
        accounts: [{ account: "shop" }],
      });
      expect(await holdfast(["erase", url, "-a", "nobody", "--yes"], { env: admin })).toMatchObject({
        code: 3,
      });
      expect((await holdfast(["erase", url, "-a", "shop", "--yes", "--takeover"], { env: admin })).code).toBe(
        0,
      );
      expect((await holdfastJson(["accounts", url], { env: admin })).json).toMatchObject({ accounts: [] });
      const wrong = await holdfast(["accounts", url], { env: { HOLDFAST_TOKEN: `${ADMIN_TOKEN}x` } });
      expect(wrong).toMatchObject({ code: 7, err: expect.stringContaining("HOLDFAST_TOKEN") });
    } finally {
      await server.cut();
      await server.stop();
    }
  });

  test("says so when there is no answer", async () => {
    expect(
      await holdfast(["accounts", "http://127.0.0.1:9"], { env: { HOLDFAST_TOKEN: "x" } }),
    ).toMatchObject({
      code: 7,
      err: expect.stringContaining("no answer from http://127.0.0.1:9"),
    });
  });
});
