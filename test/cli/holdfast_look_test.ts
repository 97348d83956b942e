/**
 * Commands that look: beside an owner that sends, they take nothing from it and write nothing. Covers files;
 * a server and a service have no file to compare.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Account } from "../../src/account/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { digestsOf, hasLog, holdfast, holdfastJson, openFilled, sendOnce } from "./holdfast_world.ts";

const root = mkdtempSync(join(tmpdir(), "holdfast-look-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let path: string;
let step = 0;

/** Where files are written, which are not beside the database. */
const outputs = mkdtempSync(join(root, "outputs-"));
let names = 0;

beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
  path = join(folder, "bot.db");
});

/** Runs a command between two messages of a living owner. */
async function besideOwner(args: readonly string[], owner: Account): Promise<number> {
  step += 1;
  await sendOnce(owner, step);
  const before = digestsOf(folder);
  const stats = owner.stats();
  const { code, err } = await holdfast(args);
  expect(err.replace(/^The file (?:is not encrypted|has a log).*\n/gm, "")).toBe("");
  expect(digestsOf(folder)).toEqual(before);
  expect(owner.stats()).toEqual(stats);
  step += 1;
  await sendOnce(owner, step);
  expect(owner.health().state).not.toBe("fenced");
  return code;
}

describe("commands that look", () => {
  test("leave a sending owner and its file alone", async () => {
    const owner = await openFilled(path, "shop");
    const before = await owner.store.readOwner();
    expect(hasLog(path)).toBe(true);
    for (const args of LOOKS(path)) expect(await besideOwner(args, owner), args[0]).toBe(0);
    expect(await owner.store.readOwner()).toEqual(before);
    await owner.close();
  });

  test("leave a file at rest alone, with its folder", async () => {
    await (await openFilled(path, "shop")).close();
    const before = digestsOf(folder);
    for (const args of LOOKS(path)) expect((await holdfast(args)).code, args[0]).toBe(0);
    expect(digestsOf(folder)).toEqual(before);
  });

  test("leave the log of a killed process alone", async () => {
    const owner = await openFilled(path, "shop");
    const killed = join(root, "killed");
    cpSync(folder, killed, { recursive: true });
    await owner.close();
    const before = digestsOf(killed);
    for (const args of LOOKS(join(killed, "bot.db"))) expect((await holdfast(args)).code, args[0]).toBe(0);
    expect(digestsOf(killed)).toEqual(before);
  });

  test("do not migrate an older file, and name the command that does", async () => {
    await (await openFilled(path, "shop")).close();
    const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
    await driver.batch([{ sql: "UPDATE holdfast_schema SET version = 2", params: [] }]);
    await driver.close();
    const before = digestsOf(folder);
    expect((await holdfastJson(["accounts", path])).json).toMatchObject({ schemaVersion: 2 });
    const { code, err } = await holdfast(["show", path]);
    expect(code).toBe(6);
    expect(err).toContain("is older than");
    expect(err).toContain("holdfast migrate");
    expect(digestsOf(folder)).toEqual(before);
  });

  test("refuse what is no file of Holdfast's", async () => {
    const text = join(folder, "note.txt");
    writeFileSync(text, "x".repeat(4_096));
    expect(await holdfast(["accounts", text])).toMatchObject({
      code: 6,
      err: expect.stringContaining("not a database"),
    });
    const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
    await driver.batch([{ sql: "CREATE TABLE note (id INTEGER)", params: [] }]);
    await driver.close();
    expect(await holdfast(["accounts", path])).toMatchObject({
      code: 6,
      err: expect.stringContaining("has no tables of Holdfast"),
    });
    expect(await holdfast(["show", join(folder, "absent.db")])).toMatchObject({ code: 3 });
    expect(digestsOf(folder)).not.toHaveProperty("absent.db");
  });
});

describe("holdfast accounts and show", () => {
  test("print what is stored, and no secret", async () => {
    const owner = await openFilled(path, "shop");
    const device = owner.device.getDeviceSnapshot();
    await owner.close();
    const { json } = await holdfastJson(["accounts", path]);
    expect(json).toMatchObject({ kind: "file", accounts: [{ account: "shop" }] });
    const { out } = await holdfast(["show", path, "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      account: "shop",
      device: { registrationId: device.registrationId },
      tables: expect.arrayContaining([expect.objectContaining({ table: "session", rows: 6 })]),
    });
    for (const key of [device.identityKey.privateKey, device.advSecretKey, device.noiseKey.privateKey]) {
      expect(out).not.toContain(Buffer.from(key).toString("base64"));
      expect(out).not.toContain(Buffer.from(key).toString("hex"));
    }
  });

  test("ask for a name where there are several accounts", async () => {
    for (const name of ["shop", "support"]) await (await openFilled(path, name)).close();
    expect(await holdfast(["show", path])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Choose one with --account: "shop", "support".'),
    });
    expect((await holdfastJson(["show", path, "-a", "support"])).json).toMatchObject({ account: "support" });
    expect(await holdfast(["show", path, "-a", "nobody"])).toMatchObject({
      code: 3,
      err: expect.stringContaining('has no account "nobody"'),
    });
  });
});

/** Every command that looks, as far as it needs no folder to write to. */
function LOOKS(file: string): readonly (readonly string[])[] {
  return [
    ["accounts", file],
    ["show", file],
    ["verify", file],
    ["diff", file, file],
    ["export", file, join(outputs, `${names++}.holdfast`)],
    ["snapshot", file, outputs],
    ["backup", file, join(outputs, `${names++}.holdfast`)],
  ];
}
