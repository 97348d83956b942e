/** Accounts that come in by the program `holdfast`, and are compared. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { sealing } from "../../src/sealing/mod.ts";
import { annaOnFolder } from "../importers/baileys_world.ts";
import { release1Statements } from "../upgrade/release_1.ts";
import {
  digestsOf,
  holdfast,
  holdfastJson,
  openFile,
  openFilled,
  PEERS,
  sendOnce,
} from "./holdfast_world.ts";

const root = mkdtempSync(join(tmpdir(), "holdfast-transfer-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
  path = join(folder, "bot.db");
});

describe("holdfast import", () => {
  test("brings a folder of Baileys in, after a dry run that makes no file", async () => {
    const source = join(folder, "auth");
    const anna = await annaOnFolder(source);
    const dry = await holdfastJson(["import", source, path, "--dry-run"]);
    expect(dry).toMatchObject({
      code: 0,
      json: { format: "baileys", dryRun: true, pn: expect.stringContaining("15550000001") },
    });
    expect(existsSync(path)).toBe(false);
    // A folder asks whether it is the original, and no one can answer here.
    expect(await holdfast(["import", source, path])).toMatchObject({
      code: 4,
      err: expect.stringContaining("--original-is-stopped"),
    });
    expect(await holdfastJson(["import", source, path, "-a", "anna", "--yes"])).toMatchObject({
      code: 0,
      json: { chain: "burn", account: "anna" },
    });
    const account = await openFile(path, "anna");
    const { registrationId } = account.device.getDeviceSnapshot();
    await account.close();
    expect(registrationId).toBe(anna.creds.registrationId);
    // There is an account now.
    expect(await holdfast(["import", source, path, "-a", "anna", "--yes"])).toMatchObject({ code: 4 });
  });

  test("asks whether the original is stopped", async () => {
    const source = join(folder, "auth");
    await annaOnFolder(source);
    const { code, asked } = await holdfast(["import", source, path], { confirm: true });
    expect(code).toBe(0);
    expect(asked).toEqual([expect.stringContaining("stopped for good")]);
  });

  test("says what a source is not", async () => {
    expect(await holdfast(["import", join(folder, "absent"), path, "--yes"])).toMatchObject({ code: 3 });
    const note = join(folder, "note.txt");
    writeFileSync(note, "hello");
    expect(await holdfast(["import", note, path, "--yes"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--from"),
    });
    expect((await holdfast(["import", note, path, "--from", "whatsmeow", "--yes"])).code).toBeGreaterThan(0);
    expect(existsSync(join(folder, "absent"))).toBe(false);
  });
});

describe("holdfast backup and restore", () => {
  test("take a copy beside a sending owner, and bring it back as a copy", async () => {
    const [file, copy] = [join(folder, "shop.holdfast"), join(folder, "copy.db")];
    const owner = await openFilled(path, "shop");
    await sendOnce(owner, 7);
    const before = digestsOf(folder);
    expect(await holdfastJson(["backup", path, file])).toMatchObject({
      code: 0,
      json: { kind: "backup", encrypted: false, account: "shop" },
    });
    const { "shop.holdfast": written, ...after } = digestsOf(folder);
    expect(after).toEqual(before);
    expect(written).toBeDefined();
    expect(statSync(file).mode & 0o077).toBe(0);
    await sendOnce(owner, 8);
    const device = owner.device.getDeviceSnapshot();
    await owner.close();
    // It went on, so its file may not say that it is stopped.
    expect(await holdfast(["restore", file, copy, "--original-is-stopped"])).toMatchObject({ code: 4 });
    expect(await holdfast(["restore", file, copy])).toMatchObject({
      code: 0,
      out: expect.stringContaining("It is a copy"),
    });
    const restored = await openFile(copy, "shop");
    expect(restored.device.getDeviceSnapshot().identityKey).toEqual(device.identityKey);
    await restored.close();
    expect(await holdfast(["restore", file, copy])).toMatchObject({ code: 4 });
    expect((await holdfast(["verify", copy])).code).toBe(0);
    // A file is never written over, nor one that another command writes.
    writeFileSync(`${file}2.part`, "");
    expect(await holdfast(["backup", path, `${file}2`])).toMatchObject({
      code: 4,
      err: expect.stringContaining("is being written"),
    });
    expect(await holdfast(["backup", path, file])).toMatchObject({
      code: 4,
      err: expect.stringContaining("exists"),
    });
  });

  test("write no export of an account that runs, so that it is always restored as a copy", async () => {
    const [file, copy] = [join(folder, "a.holdfast"), join(folder, "copy.db")];
    const owner = await openFilled(path, "shop");
    expect(await holdfastJson(["export", path, file])).toMatchObject({ code: 0, json: { kind: "backup" } });
    await owner.close();
    expect(await holdfast(["restore", file, copy, "--original-is-stopped"])).toMatchObject({ code: 4 });
  });

  test("seal a file by a passphrase, and refuse another one, a torn file and a database", async () => {
    await (await openFilled(path, "shop")).close();
    const [file, torn, copy] = ["a.holdfast", "torn.holdfast", "copy.db"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const env = { HOLDFAST_PASSPHRASE: "a long passphrase" };
    expect(await holdfastJson(["export", path, file], { env })).toMatchObject({ json: { encrypted: true } });
    expect((await holdfast(["restore", file, copy, "--passphrase"], { secret: "not the same" })).code).toBe(
      4,
    );
    writeFileSync(torn, readFileSync(file).subarray(0, 900));
    expect((await holdfast(["restore", torn, copy], { env })).code).toBe(5);
    expect(await holdfast(["restore", path, copy])).toMatchObject({
      code: 2,
      err: expect.stringContaining("is a database"),
    });
    // Refused before the target is made.
    expect(await holdfast(["accounts", copy])).toMatchObject({ code: 3 });
    const stopped = ["--passphrase", "--original-is-stopped"];
    expect(
      await holdfast(["restore", file, copy, "-a", "shop", ...stopped], { secret: "a long passphrase" }),
    ).toMatchObject({
      code: 0,
      asked: ["Passphrase of the file"],
    });
  });
});

describe("--replace", () => {
  test("retires the account that has the name, and undo brings it back", async () => {
    const file = join(folder, "shop.holdfast");
    await (await openFilled(path, "shop")).close();
    expect((await holdfast(["export", path, file])).code).toBe(0);
    const other = join(folder, "other.db");
    const owner = await openFilled(other, "shop");
    const device = owner.device.getDeviceSnapshot();
    expect(await holdfast(["restore", file, other, "-a", "shop", "--replace", "--yes"])).toMatchObject({
      code: 4,
    });
    await owner.close();
    const refused = await holdfast(["restore", file, other, "-a", "shop", "--replace"], { confirm: false });
    expect(refused).toMatchObject({ code: 4, asked: ["Go on?"] });
    expect(await holdfast(["restore", file, other, "-a", "shop", "--replace", "--yes"])).toMatchObject({
      code: 0,
    });
    const restored = await openFile(other, "shop");
    expect(restored.device.getDeviceSnapshot().identityKey).not.toEqual(device.identityKey);
    await restored.close();
    expect(await holdfast(["undo", other, "-a", "shop"])).toMatchObject({ code: 4 });
    expect(await holdfast(["erase", other, "-a", "shop", "--yes"])).toMatchObject({ code: 0 });
    expect(await holdfast(["undo", other, "-a", "shop"])).toMatchObject({ code: 0 });
    const back = await openFile(other, "shop");
    expect(back.device.getDeviceSnapshot().identityKey).toEqual(device.identityKey);
    await back.close();
  });
});

describe("holdfast backup --passphrase", () => {
  test("refuses a short passphrase before it asks for it again, and writes nothing", async () => {
    await (await openFilled(path, "shop")).close();
    const file = join(folder, "short.holdfast");
    for (const answers of [{ secret: "seven77" }, { env: { HOLDFAST_PASSPHRASE: "seven77" } }]) {
      const refused = await holdfast(["backup", path, file, "--passphrase"], answers);
      expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("it has 7 characters") });
      expect(refused.asked.length).toBeLessThanOrEqual(1);
      expect(refused.err).not.toContain("seven77");
      expect(existsSync(file)).toBe(false);
    }
  });
});

describe("holdfast rotate-key", () => {
  const [one, two] = ["1", "2"].map((digit) => Buffer.alloc(32, digit).toString("base64"));
  const keys = { HOLDFAST_KEYS: `one=${one},two=${two}` };

  test("seals an account for the first time, and by another key", async () => {
    await (await openFilled(path, "shop")).close();
    expect(await holdfast(["rotate-key", path, "--yes"])).toMatchObject({ code: 2 });
    for (const malformed of ["one=c2VjcmV0", "c2VjcmV0cw=="]) {
      const refused = await holdfast(["rotate-key", path, "--yes"], { env: { HOLDFAST_KEYS: malformed } });
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.err).not.toContain("c2VjcmV0");
    }
    const first = { env: { HOLDFAST_KEYS: `one=${one}` } };
    expect(await holdfast(["rotate-key", path, "--yes"], first)).toMatchObject({ code: 0 });
    // Looking needs the key, and says so.
    expect(await holdfast(["show", path])).toMatchObject({
      code: 6,
      err: expect.stringContaining("HOLDFAST_KEYS"),
    });
    expect(await holdfast(["verify", path], first)).toMatchObject({ code: 0 });
    const second = { env: { ...keys, HOLDFAST_KEY: "two" } };
    expect((await holdfastJson(["rotate-key", path, "--yes"], second)).json).toMatchObject({ damaged: 0 });
    expect((await holdfast(["show", path], first)).code).toBe(6);
    expect((await holdfast(["show", path], { env: { HOLDFAST_KEYS: `two=${two}` } })).code).toBe(0);
  });
});

describe("holdfast rotate-key", () => {
  const phrases = { one: "passphrase:one, two=three", two: "passphrase:four, five" };

  test("takes keys as JSON, where a passphrase has a comma, and repeats none", async () => {
    await (await openFilled(path, "shop")).close();
    for (const malformed of [
      '{"one": 5}',
      '{"one": "passphrase:four, five"',
      "{}",
      "one=passphrase:four, five",
    ]) {
      const refused = await holdfast(["rotate-key", path, "--yes"], { env: { HOLDFAST_KEYS: malformed } });
      expect(refused, malformed).toMatchObject({ code: 2 });
      expect(refused.err).not.toContain("five");
    }
    const env = { HOLDFAST_KEYS: JSON.stringify(phrases), HOLDFAST_KEY: "two" };
    const { err, code } = await holdfast(["rotate-key", path], { env, confirm: true });
    expect([code, err]).toEqual([0, expect.stringContaining('by the key "two"')]);
    expect(
      (await holdfast(["show", path], { env: { HOLDFAST_KEYS: JSON.stringify({ two: phrases.two }) } })).code,
    ).toBe(0);
  });

  test("says that retired accounts were not sealed anew, and ends with 1", async () => {
    const [one, two] = ["1", "2"].map((digit) => digit.repeat(64));
    const first = { env: { HOLDFAST_KEYS: `one=${one}` } };
    await (await openFilled(path, "shop")).close();
    expect((await holdfast(["rotate-key", path, "--yes"], first)).code).toBe(0);
    expect((await holdfast(["retire", path, "--yes"], first)).code).toBe(0);
    const sealed = sealing({ keys: { one: Buffer.from(one ?? "", "hex") } });
    const backend = libsqlBackend({
      url: `file:${path}`,
      account: "shop",
      logger: silentLogger,
      sealing: sealed,
    });
    await (await openAccount({ backend, host: { logger: silentLogger } })).close();
    const second = { env: { HOLDFAST_KEYS: `one=${one},two=${two}`, HOLDFAST_KEY: "two" } };
    const rotated = await holdfast(["rotate-key", path, "--yes", "--takeover"], second);
    expect(rotated).toMatchObject({ code: 1, out: expect.stringContaining("keep the key under which") });
    expect((await holdfast(["purge", path, "--yes", "--takeover"], second)).code).toBe(0);
    const again = await holdfastJson(["rotate-key", path, "--yes", "--takeover"], second);
    expect(again).toMatchObject({ code: 0, json: { retired: 0 } });
  });
});

describe("holdfast move", () => {
  test("moves an account that goes on exactly, and opens on one side alone", async () => {
    const there = join(folder, "there.db");
    const owner = await openFilled(path, "shop");
    expect(await holdfast(["move", path, there, "--yes"])).toMatchObject({ code: 4 });
    await owner.close();
    expect(await holdfast(["move", path, there], { confirm: false })).toMatchObject({ code: 4 });
    expect(existsSync(there)).toBe(false);
    expect(await holdfast(["move", path, there, "--yes", "--abort"])).toMatchObject({ code: 4 });
    expect(await holdfastJson(["move", path, there, "--yes"])).toMatchObject({
      code: 0,
      json: { toAccount: "shop" },
    });
    await expect(openFile(path, "shop")).rejects.toThrow("moved elsewhere");
    expect((await holdfast(["show", path])).out).toContain("state           moved elsewhere");
    expect((await holdfastJson(["show", path])).json).toMatchObject({ held: "moved" });
    expect((await holdfastJson(["diff", path, there])).json).toMatchObject({ equal: true });
    await (await openFile(there, "shop")).close();
    // Finishing it again changes nothing, and it cannot be aborted any more.
    expect((await holdfast(["move", path, there, "--yes", "--resume"])).code).toBe(0);
    expect((await holdfast(["move", path, there, "--yes", "--abort"])).code).toBe(4);
    expect((await holdfast(["move", path, "--yes"])).code).toBe(2);
  });
});

describe("holdfast snapshot", () => {
  test("writes this account's rows alone, without secrets, and everything when it is told to", async () => {
    const out = join(folder, "out");
    const owner = await openFilled(path, "shop");
    await (await openFilled(path, "other")).close();
    const extra = join(folder, "extra.txt");
    writeFileSync(extra, "context");
    expect(await holdfast(["snapshot", path, out, "-a", "shop", "--extra", extra])).toMatchObject({
      code: 0,
    });
    const [shown = "", beside = ""] = readdirSync(out).sort().reverse();
    expect(readFileSync(join(out, beside), "utf8")).toBe("context");
    const text = readFileSync(join(out, shown), "utf8");
    expect(text.split("\n").length).toBeGreaterThan(PEERS.length * 2);
    expect(text).toContain(PEERS[0]);
    const { identityKey, advSecretKey } = owner.device.getDeviceSnapshot();
    for (const key of [identityKey.privateKey, advSecretKey])
      expect(text).not.toContain(Buffer.from(key).toString("base64"));
    await owner.close();
    expect((await holdfast(["snapshot", path, out, "-a", "shop", "--secrets", "--name", "all"])).code).toBe(
      0,
    );
    const whole = readdirSync(out).find((name) => /^all-\d+\.holdfast$/.test(name)) ?? "";
    expect((await holdfast(["restore", join(out, whole), join(folder, "copy.db")])).code).toBe(0);
  });
});

describe("holdfast export --to", () => {
  test("writes a folder of Baileys that comes in again", async () => {
    const [source, out, again] = ["auth", "out", "again.db"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const anna = await annaOnFolder(source);
    expect((await holdfast(["import", source, path, "--original-is-stopped"])).code).toBe(0);
    const owner = await openFile(path, "default");
    expect(await holdfast(["export", path, out, "--to", "baileys"])).toMatchObject({
      code: 4,
      err: expect.stringContaining("both clients would send"),
    });
    expect(existsSync(out)).toBe(false);
    await owner.close();
    expect(await holdfastJson(["export", path, out, "--to", "baileys"])).toMatchObject({
      code: 0,
      json: { client: "baileys" },
    });
    expect(existsSync(join(out, "creds.json"))).toBe(true);
    expect((await holdfast(["import", out, again, "--copy"])).code).toBe(0);
    const account = await openFile(again, "default");
    expect(account.device.getDeviceSnapshot().registrationId).toBe(anna.creds.registrationId);
    await account.close();
    expect((await holdfast(["export", path, out, "--to", "baileys"])).code).toBe(4);
  });
});

describe("holdfast diff", () => {
  test("finds what was added, removed and changed, and shows no value", async () => {
    const other = join(folder, "other.db");
    await (await openFilled(path, "shop")).close();
    const owner = await openFilled(other, "shop");
    expect(await holdfast(["diff", path, path])).toMatchObject({
      code: 0,
      out: expect.stringContaining("Equal"),
    });
    await sendOnce(owner, 40);
    await owner.store.deleteIdentity(PEERS[1] as string);
    await owner.close();
    const { code, json } = await holdfastJson(["diff", path, other]);
    expect(code).toBe(1);
    expect(json).toMatchObject({
      equal: false,
      tables: expect.arrayContaining([
        expect.objectContaining({ table: "session", changed: { rows: 1, keys: [PEERS[0]] } }),
        expect.objectContaining({ table: "identity", removed: { rows: 1, keys: [PEERS[1]] } }),
        expect.objectContaining({ table: "device" }),
      ]),
    });
  });
});

describe("holdfast migrate", () => {
  test("brings an older database up to date, after a question", async () => {
    const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
    await driver.batch(release1Statements());
    await driver.close();
    expect(await holdfast(["show", path, "-a", "alice"])).toMatchObject({ code: 6 });
    const before = digestsOf(folder);
    expect(await holdfast(["migrate", path], { confirm: false })).toMatchObject({
      code: 4,
      asked: ["Go on?"],
    });
    expect(digestsOf(folder)).toEqual(before);
    expect(await holdfastJson(["migrate", path, "--yes"])).toMatchObject({ code: 0, json: { from: 1 } });
    expect((await holdfast(["show", path, "-a", "alice"])).code).toBe(0);
    expect(await holdfast(["migrate", path])).toMatchObject({
      code: 0,
      out: expect.stringContaining("up to date"),
    });
  });
});
