/** The program `holdfast` on a PostgreSQL database, beside an owner that sends, and as a service over one. */

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Account, openAccount } from "../../src/account/mod.ts";
import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import { PostgresTarget } from "../../src/cli/holdfast/targets/postgres_target.ts";
import { FencedError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { openProxy, type PostgresProxy } from "../support/postgres/proxy.ts";
import { type PostgresServer, startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { ConsoleProcess } from "./console_process.ts";
import { fill, holdfast, holdfastJson, openFilled, PEERS, sendOnce } from "./holdfast_world.ts";
import { ServiceProcess } from "./service_process.ts";

const why = whyNoPostgres();
const HOST = { host: { logger: silentLogger }, saverIntervalMs: "manual", housekeeping: false } as const;
const PASSWORD = "s3cret/of?the#bot";

/** Keys of tests. */
const OLD = `old=${"01".repeat(32)}`;
const NEW = `new=${"02".repeat(32)}`;

const folder = mkdtempSync(join(tmpdir(), "holdfast-pg-"));
let server: PostgresServer;
let pool: Pool;
let files = 0;
let schemas = 0;

beforeAll(async () => {
  if (why !== undefined) return;
  const hba = join(folder, "hba.conf");
  writeFileSync(
    hba,
    "host all postgres 127.0.0.1/32 trust\nhost all reader 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
  );
  // The server runs as another user.
  chmodSync(folder, 0o755);
  server = await startPostgresServer({ hba_file: hba, autovacuum: "off" });
  pool = new Pool({ connectionString: server.url, max: 4 });
  pool.on("error", () => {});
});

beforeEach(({ skip }) => skip(why !== undefined, why));

afterEach(() => void vi.unstubAllEnvs());

afterAll(async () => {
  await pool?.end();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A target in a schema of its own, and the schema. */
function place(): { readonly target: string; readonly schema: string } {
  schemas += 1;
  const schema = `cli_${schemas}`;
  return { target: `${server.url}?schema=${schema}`, schema };
}

function openOwner(schema: string, account = "shop"): Promise<Account> {
  return openAccount({
    backend: () => postgresBackend({ pg: pool, schema, account, logger: silentLogger }),
    ...HOST,
  });
}

async function openFilledOwner(schema: string, account = "shop"): Promise<Account> {
  const owner = await openOwner(schema, account);
  await fill(owner);
  return owner;
}

/** Commands that look. */
function looks(target: string): string[][] {
  files += 1;
  return [
    ["accounts", target],
    ["show", target, "-a", "shop"],
    ["verify", target],
    ["diff", target, target, "-a", "shop"],
    ["export", target, join(folder, `e${files}.holdfast`), "-a", "shop"],
    ["backup", target, join(folder, `b${files}.holdfast`), "-a", "shop"],
    ["snapshot", target, folder, "-a", "shop"],
  ];
}

/** The number of the next transaction that writes: it stays where nothing was written. */
async function nextTransaction(): Promise<unknown> {
  const { rows } = await pool.query("SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next");
  return rows[0]?.next;
}

describe("commands that look", () => {
  test("fence no one and write nothing, beside a sending owner", async () => {
    const { target, schema } = place();
    const owner = await openFilledOwner(schema);
    const before = await owner.store.readOwner();
    for (const [index, args] of looks(target).entries()) {
      const at = await nextTransaction();
      expect(await holdfast(args), args[0]).toMatchObject({ code: 0 });
      expect(await nextTransaction(), args[0]).toBe(at);
      await sendOnce(owner, index);
      // The counter sees a commit.
      expect(await nextTransaction()).not.toBe(at);
    }
    expect(await owner.store.readOwner()).toEqual(before);
    await owner.close();
  });

  test("need the right to read alone", async () => {
    const { target, schema } = place();
    await (await openFilledOwner(schema)).close();
    await pool.query(
      `CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA ${schema} TO reader;
       GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO reader`,
    );
    const asReader = target.replace("postgres@", "reader@");
    for (const args of looks(asReader)) expect(await holdfast(args), args[0]).toMatchObject({ code: 0 });
    expect(await holdfast(["erase", asReader, "--yes", "--takeover"])).toMatchObject({ code: 7 });
    expect((await holdfastJson(["accounts", target])).json).toMatchObject({
      accounts: [{ account: "shop" }],
    });
  });

  test("see one state, however often it is written", async () => {
    const { target, schema } = place();
    const owner = await openFilledOwner(schema);
    const looked = new PostgresTarget(target, silentLogger);
    await using looking = await looked.look();
    const reads = await looking.reads("shop");
    const before = await reads.getSession(PEERS[0] as string);
    await sendOnce(owner, 50);
    expect(await reads.getSession(PEERS[0] as string)).toEqual(before);
    await expect(reads.putSession(PEERS[0] as string, new Uint8Array(1))).rejects.toMatchObject({
      code: "refused",
    });
    await owner.close();
  });

  test("make no tables where there are none", async () => {
    const { target, schema } = place();
    expect(await holdfast(["accounts", target])).toMatchObject({
      code: 6,
      err: expect.stringContaining("has no tables of Holdfast"),
    });
    const { rows } = await pool.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
    expect(rows).toEqual([]);
  });

  test("find rows of no account", async () => {
    const { target, schema } = place();
    await (await openFilledOwner(schema)).close();
    await pool.query(`UPDATE ${schema}.identity SET device_id = 99 WHERE address = $1`, [PEERS[2]]);
    const { code, json } = await holdfastJson(["verify", target]);
    expect(code).toBe(1);
    expect(json).toMatchObject({ findings: [{ code: "orphans", key: "identity", table: "database" }] });
  });
});

describe("commands that change", () => {
  test("refuse an account that was opened before, unless they take over", async () => {
    const { target, schema } = place();
    const owner = await openFilledOwner(schema);
    const refused = [
      ["erase", target, "--yes"],
      ["retire", target, "--yes"],
      ["move", target, join(folder, "refused.db"), "--yes"],
      ["verify", target, "--repair", "--yes"],
    ];
    await owner.store.putSession(PEERS[1] as string, new Uint8Array(40).fill(255));
    for (const args of refused)
      expect(await holdfast(args), args[0]).toMatchObject({
        code: 4,
        err: expect.stringContaining("--takeover"),
      });
    await sendOnce(owner, 1);
    expect(await holdfast(["verify", target, "--repair", "--yes", "--takeover"])).toMatchObject({ code: 0 });
    await expect(sendOnce(owner, 2)).rejects.toThrow(FencedError);
    await owner.close().catch(() => {});
    expect((await holdfast(["erase", target, "--yes", "--takeover"])).code).toBe(0);
    expect((await holdfastJson(["accounts", target])).json).toMatchObject({ accounts: [] });
  });

  test("move an account here, set it aside, bring it back, back it up and restore it", async () => {
    const { target, schema } = place();
    const file = join(folder, "moved.db");
    const owner = await openFilled(file, "shop");
    const device = owner.device.getDeviceSnapshot();
    await owner.close();
    expect(await holdfast(["move", file, target, "--yes"])).toMatchObject({ code: 0 });
    expect(await holdfast(["retire", target, "--yes", "--takeover"])).toMatchObject({ code: 0 });
    expect((await holdfastJson(["accounts", target])).json).toMatchObject({
      accounts: [],
      retired: [{ account: "shop" }],
    });
    expect(await holdfast(["undo", target, "--takeover"])).toMatchObject({ code: 0 });
    const backup = join(folder, "moved.holdfast");
    expect(await holdfast(["backup", target, backup])).toMatchObject({ code: 0 });
    expect(await holdfast(["restore", backup, target, "--yes"])).toMatchObject({ code: 4 });
    expect(await holdfast(["restore", backup, target, "--yes", "--replace", "--takeover"])).toMatchObject({
      code: 0,
    });
    expect(await holdfast(["purge", target, "-a", "shop", "--yes", "--takeover"])).toMatchObject({ code: 0 });
    const other = place();
    expect(await holdfast(["restore", backup, other.target, "--yes"])).toMatchObject({ code: 0 });
    for (const made of [schema, other.schema]) {
      const again = await openOwner(made);
      expect(again.device.getDeviceSnapshot().identityKey).toEqual(device.identityKey);
      await again.close();
    }
    expect(await holdfast(["migrate", target, "--takeover"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("up to date"),
    });
  });

  test("seal an account, and seal it by another key", async () => {
    const { target, schema } = place();
    await (await openFilledOwner(schema)).close();
    const flags = ["rotate-key", target, "--yes", "--takeover"];
    expect(await holdfast(flags, { env: { HOLDFAST_KEYS: OLD } })).toMatchObject({
      code: 0,
      out: expect.stringContaining("may still have former values"),
    });
    expect(await holdfast(["show", target])).toMatchObject({ code: 6 });
    expect(await holdfast(["show", target], { env: { HOLDFAST_KEYS: OLD } })).toMatchObject({ code: 0 });
    const both = { HOLDFAST_KEYS: `${OLD},${NEW}`, HOLDFAST_KEY: "new" };
    expect(await holdfast(flags, { env: both })).toMatchObject({ code: 0 });
    expect(await holdfast(["show", target], { env: { HOLDFAST_KEYS: OLD } })).toMatchObject({ code: 6 });
    expect(await holdfast(["verify", target], { env: { HOLDFAST_KEYS: NEW } })).toMatchObject({ code: 0 });
  });
});

describe("a password", () => {
  test("of the URL, of PGPASSWORD and of a file opens the database, and is never shown", async () => {
    const { target, schema } = place();
    await pool.query(
      `CREATE ROLE bot LOGIN PASSWORD '${PASSWORD}'; CREATE SCHEMA ${schema} AUTHORIZATION bot`,
    );
    const plain = target.replace("postgres@", "bot@");
    const withPassword = (password: string) =>
      target.replace("postgres@", `bot:${encodeURIComponent(password)}@`);
    const file = join(folder, "restored.db");
    await (await openFilled(file, "shop")).close();
    const shown: string[] = [];
    const run = async (args: readonly string[]): Promise<number> => {
      const { code, out, err } = await holdfast(args, { env: { HOLDFAST_DEBUG: "1" } });
      shown.push(out + err);
      return code;
    };
    expect(await run(["accounts", plain])).toBe(7);
    expect(shown.at(-1)).toContain("access is refused, check user and password");
    expect(await run(["accounts", withPassword("another")])).toBe(7);
    expect(shown.at(-1)).toContain("access is refused, check user and password");
    expect(await run(["move", file, withPassword(PASSWORD), "--yes"])).toBe(0);
    for (const args of [...looks(withPassword(PASSWORD)), ["accounts", withPassword(PASSWORD), "--json"]])
      expect(await run(args), args[0]).toBe(0);
    vi.stubEnv("PGPASSWORD", PASSWORD);
    expect(await run(["accounts", plain])).toBe(0);
    vi.unstubAllEnvs();
    const passwords = join(folder, "pgpass");
    writeFileSync(passwords, `127.0.0.1:${server.port}:*:bot:${PASSWORD}\n`, { mode: 0o600 });
    vi.stubEnv("PGPASSFILE", passwords);
    expect(await run(["accounts", plain])).toBe(0);
    // Not encoded, it makes a URL of another form.
    for (const url of [
      `postgres://bot:${PASSWORD}@127.0.0.1:${server.port}/postgres`,
      "postgres://bot:12/s3cret@127.0.0.1/postgres",
      "postgres://bot:12?s3cret@127.0.0.1/postgres",
      "postgres://bot:12#s3cret",
    ])
      expect(await run(["accounts", url]), url).toBe(2);
    expect(shown.join("\n")).not.toMatch(/s3cret|another(?! transaction)/);
  });
});

describe("a server that does not answer", () => {
  const LIMITS = { connectMs: 200, answerMs: 200 };
  let proxy: PostgresProxy;
  beforeEach(async () => {
    proxy = await openProxy(server.port);
  });
  afterEach(() => proxy?.close());

  function throughProxy(schema: string): PostgresTarget {
    return new PostgresTarget(`${proxy.url}?schema=${schema}`, silentLogger, {}, LIMITS);
  }

  test("ends a look with an error of its own", async () => {
    const { schema } = place();
    await (await openFilledOwner(schema)).close();
    const through = throughProxy(schema);
    proxy.cutNext("never");
    await expect(through.look()).rejects.toMatchObject({ code: "failed" });
    await using looking = await through.look();
    const reads = await looking.reads("shop");
    proxy.cutNext("never");
    await expect(reads.getSession(PEERS[0] as string)).rejects.toMatchObject({
      code: "failed",
      message: expect.stringContaining("did not answer in time"),
    });
    // The next connection would show another state.
    await expect(reads.getSession(PEERS[0] as string)).rejects.toThrow(
      "the connection to the server was lost",
    );
  });

  test("ends an opening and a commit with errors of their own", async () => {
    const { target, schema } = place();
    await (await openFilledOwner(schema)).close();
    const through = throughProxy(schema);
    proxy.cutNext("never");
    await expect(through.open("shop")).rejects.toMatchObject({ code: "failed" });
    const backend = await through.open("shop");
    await backend.putSession(PEERS[0] as string, new Uint8Array(1));
    proxy.cutNext("never");
    await expect(backend.putSession(PEERS[0] as string, new Uint8Array(1))).rejects.toMatchObject({
      code: "ambiguous",
    });
    await backend.putSession(PEERS[0] as string, new Uint8Array(1));
    await backend.close();
    expect((await holdfastJson(["accounts", target])).code).toBe(0);
  });

  test("is told by its address alone", async () => {
    expect(await holdfast(["accounts", "postgres://bot:s3cret@127.0.0.1:1/postgres"])).toMatchObject({
      code: 7,
      err: expect.stringContaining("cannot be reached, check its address and the network (ECONNREFUSED)"),
    });
  });
});

describe("without the package pg", () => {
  test("the program says what to install", () => {
    const alone = mkdtempSync(join(tmpdir(), "holdfast-alone-"));
    const program = join(alone, "holdfast.mjs");
    copyFileSync(fileURLToPath(new URL("../../dist/holdfast.mjs", import.meta.url)), program);
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, "accounts", "postgres://bot:s3cret@127.0.0.1:1/postgres"],
      { cwd: alone, encoding: "utf8" },
    );
    rmSync(alone, { recursive: true });
    expect(status).toBe(6);
    expect(stderr).toContain("needs the package pg");
    expect(stderr).toContain("npm install pg");
    expect(stderr).not.toContain("s3cret");
  });
});

describe("holdfast console", () => {
  test("shows a database beside a sending owner, and writes nothing", async () => {
    const { target, schema } = place();
    const owner = await openFilledOwner(schema);
    await using shown = await ConsoleProcess.start(target);
    for (let step = 1; step <= 3; step += 1) {
      await sendOnce(owner, step);
      const at = await nextTransaction();
      expect(await shown.read("/v1/console/accounts")).toMatchObject({
        accounts: [{ name: "shop", health: "elsewhere", owner: { epoch: 1 } }],
      });
      expect(await shown.read("/v1/console/accounts/shop")).toMatchObject({ name: "shop" });
      expect(await (await shown.ask("/v1/console/accounts/shop/verify")).text()).toContain("findings");
      expect(await nextTransaction()).toBe(at);
    }
    expect(await shown.stop()).toBe(0);
    await sendOnce(owner, 4);
    await owner.close();
  });
});

describe("holdfast serve", () => {
  test("serves a database, keeps what it acknowledged, and shows it", async () => {
    const { target, schema } = place();
    let admin = "";
    {
      await using service = await ServiceProcess.start(target);
      await service.request("POST", "/v1/accounts", { body: { name: "shop" } });
      const backend = await service.backend("shop");
      await backend.putSession(PEERS[0] as string, new Uint8Array([7]));
      expect(await (await service.request("GET", "/v1/accounts")).json()).toMatchObject({
        accounts: [{ name: "shop" }],
      });
      const made = await service.request("POST", "/v1/tokens", {
        body: { permissions: ["account"], account: "shop", expiresInS: 1_000 },
      });
      admin = ((await made.json()) as { readonly token: string }).token;
      const audit = (await (await service.request("GET", "/v1/audit")).json()) as {
        readonly actions: readonly object[];
      };
      expect(audit.actions.length).toBeGreaterThan(1);
      for (const path of ["/v1/console/accounts", "/v1/console/accounts/shop"])
        expect(await (await service.request("GET", path)).text(), path).toContain('"shop"');
      const shown = await service.request("GET", "/v1/console");
      expect(await shown.json()).toMatchObject({
        kind: "service",
        shown: expect.stringMatching(/^postgres:/),
      });
      await backend.close();
      expect(await service.stop()).toMatchObject({ code: 0 });
    }
    await using again = await ServiceProcess.start(target);
    const stats = await again.request("GET", "/v1/accounts/shop/stats", { token: admin });
    expect(stats.status).toBe(200);
    const backend = await again.backend("shop");
    expect(await backend.getSession(PEERS[0] as string)).toEqual(new Uint8Array([7]));
    await backend.close();
    expect((await again.request("DELETE", "/v1/accounts/shop")).status).toBe(204);
    expect((await again.request("GET", "/v1/accounts/shop/stats", { token: admin })).status).toBe(401);
    const { rows } = await pool.query(`SELECT count(*)::integer AS count FROM ${schema}.session`);
    expect(rows).toEqual([{ count: 0 }]);
  });
});
