/** Commands that change: whom they refuse, what they ask, and what they leave. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { FencedError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { holdfast, holdfastJson, openFile, openFilled, PEERS, sendOnce } from "./holdfast_world.ts";

const root = mkdtempSync(join(tmpdir(), "holdfast-change-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(root, "case-")), "bot.db");
});

describe("holdfast erase", () => {
  test("says so when there is no such account", async () => {
    await (await openFilled(path, "shop")).close();
    expect(await holdfast(["erase", path, "-a", "nobody", "--yes"])).toMatchObject({
      code: 3,
      out: "",
      err: expect.stringContaining('has no account "nobody"'),
    });
    expect((await holdfastJson(["accounts", path])).json).toMatchObject({ accounts: [{ account: "shop" }] });
  });

  test("refuses while an owner lives, unless it is told to take over", async () => {
    const owner = await openFilled(path, "shop");
    expect(await holdfast(["erase", path, "--yes"])).toMatchObject({
      code: 4,
      err: expect.stringContaining("another process has"),
    });
    await sendOnce(owner, 1);
    expect((await holdfast(["erase", path, "--yes", "--takeover"])).code).toBe(0);
    await expect(sendOnce(owner, 2)).rejects.toThrow(FencedError);
    await owner.close().catch(() => {});
  });

  test("asks, says what is kept, and does nothing after a no", async () => {
    for (const name of ["shop", "support"]) await (await openFilled(path, name)).close();
    const refused = await holdfast(["erase", path, "-a", "shop"], { confirm: false });
    expect(refused).toMatchObject({ code: 4, asked: ["Go on?"] });
    expect(refused.err).toContain("Kept: every other account");
    expect((await holdfast(["erase", path, "-a", "shop"])).err).toContain("--yes");
    expect((await holdfastJson(["accounts", path])).json).toMatchObject({ accounts: [{}, {}] });
    expect(await holdfast(["erase", path, "-a", "shop"], { confirm: true })).toMatchObject({ code: 0 });
    expect((await holdfastJson(["accounts", path])).json).toMatchObject({
      accounts: [{ account: "support" }],
    });
  });
});

describe("holdfast retire, undo and purge", () => {
  test("set an account aside, and bring it back linked", async () => {
    const owner = await openFilled(path, "shop");
    const device = owner.device.getDeviceSnapshot();
    expect(await holdfast(["retire", path, "--yes"])).toMatchObject({ code: 4 });
    await owner.close();
    expect(await holdfast(["retire", path], { confirm: false })).toMatchObject({
      code: 4,
      asked: ["Go on?"],
    });
    expect(await holdfastJson(["retire", path, "--yes"])).toMatchObject({ code: 0, json: { retired: true } });
    expect((await holdfastJson(["accounts", path])).json).toMatchObject({
      accounts: [],
      retired: [{ account: "shop", id: expect.stringMatching(/^[0-9a-f]{32}$/) }],
    });
    expect(await holdfast(["undo", path, "-a", "nobody"])).toMatchObject({ code: 3 });
    // The only retired one needs no name.
    expect(await holdfast(["undo", path])).toMatchObject({ code: 0, out: expect.stringContaining('"shop"') });
    const again = await openFile(path, "shop");
    expect(again.device.getDeviceSnapshot().identityKey).toEqual(device.identityKey);
    await again.close();
  });

  test("delete what was set aside for good", async () => {
    await (await openFilled(path, "shop")).close();
    expect((await holdfast(["retire", path, "--yes", "--undo-days", "2"])).code).toBe(0);
    expect(await holdfast(["purge", path, "-a", "shop"], { confirm: false })).toMatchObject({ code: 4 });
    expect(await holdfastJson(["purge", path, "-a", "shop", "--yes"])).toMatchObject({
      code: 0,
      json: { purged: 1 },
    });
    expect(await holdfast(["undo", path, "-a", "shop"])).toMatchObject({ code: 3 });
    expect(await holdfast(["undo", path])).toMatchObject({ code: 3, err: expect.stringContaining("none") });
    expect(await holdfast(["purge", join(path, "..", "absent.db"), "--yes"])).toMatchObject({ code: 3 });
    expect(await holdfast(["retire", path, "--undo-days", "900"])).toMatchObject({ code: 2 });
  });
});

describe("holdfast verify", () => {
  test("finds damage, repairs what is set up anew, and keeps the bytes", async () => {
    const owner = await openFilled(path, "shop");
    const record = new Uint8Array(40).fill(255);
    await owner.store.putSession(PEERS[1] as string, record);
    const device = owner.device.getDeviceSnapshot();
    await owner.close();
    expect(await holdfast(["verify", path])).toMatchObject({
      code: 1,
      out: expect.stringContaining("does not decode"),
    });
    expect(await holdfast(["verify", path, "--repair"], { confirm: false })).toMatchObject({
      ...{ code: 4, asked: ["Go on?"] },
    });
    const { code, json } = await holdfastJson(["verify", path, "--repair", "--yes"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      repaired: 1,
      findings: [{ table: "session", code: "undecodable", repairable: true }],
    });
    expect((await holdfastJson(["verify", path])).json).toMatchObject({
      findings: [{ code: "quarantined", severity: "note" }],
    });
    const again = await openFile(path, "shop");
    expect(again.device.getDeviceSnapshot()).toEqual(device);
    expect(await again.store.listQuarantined()).toMatchObject([{ address: PEERS[1], bytes: 40 }]);
    await again.close();
  });

  test("finds an index that lacks a row, and rows of no account", async () => {
    await (await openFilled(path, "shop")).close();
    const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
    await driver.batch([
      { sql: "UPDATE identity SET device_id = 99 WHERE address = ?", params: [PEERS[2] as string] },
    ]);
    await driver.close();
    const { code, json } = await holdfastJson(["verify", path]);
    expect(code).toBe(1);
    expect(json).toMatchObject({ findings: [{ code: "orphans", key: "identity", table: "database" }] });
  });
});

describe("the command line", () => {
  test.each([
    [["bogus"], 2],
    [["show"], 2],
    [["accounts", "libsql://user:secret@host"], 2],
    [["accounts", "https://host/?authToken=secret"], 2],
    [["accounts", "ftp://host"], 2],
    [["accounts", "https://host"], 2],
    [["serve", "x.db", "--port", "70000"], 2],
    [["completion", "csh"], 2],
    [["--help"], 0],
    [["erase", "--help"], 0],
  ])("%j ends with %i and repeats no secret", async (args, code) => {
    const outcome = await holdfast(args);
    expect(outcome).toMatchObject({ code });
    expect(outcome.out + outcome.err).not.toContain("secret@");
    expect(outcome.out + outcome.err).not.toMatch(/authToken=|\n {4}at /);
  });

  test("prints errors as a document for programs", async () => {
    const { code, json } = await holdfastJson(["show", join(path, "..", "absent.db")]);
    expect(code).toBe(3);
    expect(json).toMatchObject({
      error: { code: "absent", exit: 3, message: expect.stringContaining("absent.db") },
    });
  });

  test.each(["bash", "zsh", "fish"])("prints a completion for %s that knows every command", async (shell) => {
    const { out, code } = await holdfast(["completion", shell]);
    expect(code).toBe(0);
    for (const word of ["accounts", "erase", "serve"]) expect(out).toContain(word);
  });
});
