import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CorruptError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { libsqlBackend } from "../libsql/mod.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-absent-"));
  path = join(folder, "bot.db");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(): Promise<number> {
  const backend = await libsqlBackend({ url: `file:${path}`, logger: silentLogger });
  const accountId = await backend.create();
  await backend.close();
  return accountId;
}

async function refusal(): Promise<string> {
  const error = await open().then(
    () => new Error("opened"),
    (reason: Error) => reason,
  );
  expect(error).toBeInstanceOf(CorruptError);
  return error.message;
}

describe("a file that seems to be new", () => {
  test("is new without a witness and without a log", async () => {
    expect(await open()).toBe(1);
    rmSync(path);
    rmSync(`${path}-witness`, { force: true });
    writeFileSync(path, "");
    expect(await open()).toBe(1);
    expect(statSync(path).size).toBeGreaterThan(8_000);
  });

  test.each([1, 16, 99])("is damaged with %i bytes", async (bytes) => {
    await open();
    truncateSync(path, bytes);
    expect(await refusal()).toMatch(new RegExp(`"${path}" has ${bytes} bytes, restore a backup`));
    expect(statSync(path).size).toBe(bytes);
  });

  test.each(["missing", "empty"])("is damaged beside a witness, when it is %s", async (state) => {
    writeFileSync(`${path}-witness`, "");
    if (state === "empty") writeFileSync(path, "");
    const message = await refusal();
    expect(message).toContain(`is ${state} beside its witness "${path}-witness"`);
    expect(message).toContain("delete the witness too to start anew");
    expect(statSync(path, { throwIfNoEntry: false })?.size).toBe(state === "empty" ? 0 : undefined);
    rmSync(`${path}-witness`);
    expect(await open()).toBe(1);
  });

  test.each(["missing", "empty"])("is damaged beside a log with frames, when it is %s", async (state) => {
    if (state === "empty") writeFileSync(path, "");
    writeFileSync(`${path}-wal`, new Uint8Array(32));
    expect(await open()).toBe(1);
    rmSync(path);
    rmSync(`${path}-witness`, { force: true });
    if (state === "empty") writeFileSync(path, "");
    writeFileSync(`${path}-wal`, new Uint8Array(33));
    expect(await refusal()).toContain(`is ${state} beside its log "${path}-wal"`);
    expect(statSync(`${path}-wal`).size).toBe(33);
  });

  test("is damaged beside a witness, when it has no tables", async () => {
    const database = new (await import("libsql")).default(path);
    database.exec("PRAGMA user_version = 1");
    database.close();
    writeFileSync(`${path}-witness`, "");
    expect(await refusal()).toContain(`has no tables beside its witness "${path}-witness"`);
    rmSync(`${path}-witness`);
    expect(await open()).toBe(1);
  });
});
