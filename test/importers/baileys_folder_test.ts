/** Files of a Baileys folder that are torn, old, foreign, or of version 6. */
import { BufferJSON, initAuthCreds } from "baileys";
import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { listAllRows } from "../../src/backend/mod.ts";
import { type FolderReader, type ForeignReport, importBaileysFolder } from "../../src/exports/importers.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";
import { memoryFolder } from "./memory_folder.ts";

const CREDS = JSON.stringify(pairedCreds({ pn: "15550000001" }), BufferJSON.replacer);
const PRE_KEY = { public: bufferOf(1), private: bufferOf(2) };
const GROUP = "120363000000000001@g.us";

function bufferOf(fill: number, length = 32): { type: "Buffer"; data: string } {
  return { type: "Buffer", data: Buffer.alloc(length, fill).toString("base64") };
}

function senderKey(privateKey: number): object {
  const states = [
    {
      senderKeyId: 7,
      senderChainKey: { iteration: 3, seed: bufferOf(1) },
      senderSigningKey: {
        public: { type: "Buffer", data: Buffer.from([5, ...Buffer.alloc(32, 2)]).toString("base64") },
        private: bufferOf(3, privateKey),
      },
      senderMessageKeys: [],
    },
  ];
  return { type: "Buffer", data: Buffer.from(JSON.stringify(states)).toString("base64") };
}

interface Imported {
  readonly report: ForeignReport;
  readonly rows: Record<string, unknown>[];
}

async function imported(files: Record<string, string | object>, options: object = {}): Promise<Imported> {
  const backend = memoryBackend();
  const report = await importBaileysFolder(backend, memoryFolder({ "creds.json": CREDS, ...files }), {
    chain: "burn",
    ...options,
  });
  const rows: Record<string, unknown>[] = [];
  for await (const row of listAllRows(backend)) rows.push(row as unknown as Record<string, unknown>);
  return { report, rows };
}

const kinds = ({ rows }: Imported): unknown[] =>
  rows.map(({ kind }) => kind).filter((kind) => kind !== "lidMapping.put");

describe("importBaileysFolder", () => {
  test("takes the longest type of a name", async () => {
    const done = await imported({
      [`sender-key-${GROUP}--915550000001_1--1.json`]: senderKey(32),
      [`sender-key-memory-${GROUP}.json`]: { "200000000000002:3@lid": true },
    });
    expect(kinds(done)).toEqual(["senderKey.put", "senderKeyDevices.set"]);
  });

  test.each([
    ["base64", (bytes: Buffer) => bytes.toString("base64")],
    ["a Buffer of base64", (bytes: Buffer) => ({ type: "Buffer", data: bytes.toString("base64") })],
    ["a Buffer of numbers", (bytes: Buffer) => ({ type: "Buffer", data: [...bytes] })],
    ["an object of indexes", (bytes: Buffer) => ({ ...bytes })],
  ])("reads bytes as %s", async (_name, encode) => {
    const value = { public: encode(Buffer.alloc(32, 1)), private: encode(Buffer.alloc(32, 2)) };
    const { rows } = await imported({ "pre-key-9.json": value });
    const expected = await imported({ "pre-key-9.json": PRE_KEY });
    expect(rows).toEqual(expected.rows);
    expect(rows).toContainEqual(expect.objectContaining({ kind: "preKey.put", id: 9 }));
  });

  test("ignores unfinished files and says which it does not know", async () => {
    const done = await imported({
      "creds.json.tmp": "{",
      "pre-key-1.json.tmp-123": "{",
      "notes.json": {},
      "store.db": "",
      "pre-key-x.json": PRE_KEY,
      "session-nobody.json": {},
    });
    expect(kinds(done)).toEqual([]);
    expect(done.report.skipped).toEqual([
      { kind: "unknown", reason: "unknown", count: 2, examples: ["notes.json", "store.db"] },
      { kind: "pre-key", reason: "unaddressable", count: 1, examples: ["pre-key-x.json"] },
      { kind: "session", reason: "unaddressable", count: 1, examples: ["session-nobody.json"] },
    ]);
  });

  test("a torn file is an error that names it, or is left out", async () => {
    const files = { "pre-key-1.json": '{"public":{"type":"Buf', "pre-key-2.json": PRE_KEY };
    await expect(imported(files)).rejects.toMatchObject({
      name: "CorruptError",
      message: expect.stringMatching(/file pre-key-1\.json is damaged .*skipDamaged/),
    });
    const done = await imported(files, { skipDamaged: true });
    expect(kinds(done)).toEqual(["preKey.put"]);
    expect(done.report.skipped).toEqual([
      { kind: "pre-key", reason: "damaged", count: 1, examples: ["pre-key-1.json"] },
    ]);
  });

  test("credentials that are torn or missing stop it in any case", async () => {
    for (const creds of ["", "{", JSON.stringify({ ...JSON.parse(CREDS), noiseKey: undefined })]) {
      await expect(imported({ "creds.json": creds }, { skipDamaged: true })).rejects.toMatchObject({
        name: "CorruptError",
        message: expect.stringMatching(/creds.* is damaged/),
      });
    }
    await expect(
      importBaileysFolder(memoryBackend(), memoryFolder({ "pre-key-1.json": PRE_KEY }), { chain: "burn" }),
    ).rejects.toMatchObject({ name: "IncompatibleError", message: expect.stringContaining("no file creds") });
  });

  test("an older copy stands in for a file, but not for a session", async () => {
    const name = `sender-key-${GROUP}--200000000000002_1--3.json`;
    const done = await imported({
      "creds.json": "",
      "creds.json.bak": CREDS,
      "pre-key-1.bak": PRE_KEY,
      "pre-key-2.json": PRE_KEY,
      "pre-key-2.json.bak": "{",
      [`${name}.bak`]: senderKey(0),
    });
    expect(done.rows.map(({ id }) => id).filter((id) => id !== undefined)).toEqual([1, 2]);
    expect(done.report.skipped).toEqual([
      { kind: "sender-key", reason: "older-copy", count: 1, examples: [name] },
    ]);
  });

  test("pairing without a proof gives no phone number", async () => {
    const creds = { ...initAuthCreds(), me: { id: "15550000001@s.whatsapp.net" }, pairingCode: "ABCD1234" };
    const { report } = await imported({ "creds.json": JSON.stringify(creds, BufferJSON.replacer) });
    expect(report.pn).toBeUndefined();
  });

  test("mappings that cannot be true are refused, and a former LID stays older", async () => {
    const done = await imported({
      "lid-mapping-15550000001.json": '"200000000000002"',
      "lid-mapping-15550000003.json": '"300000000000009"',
      "lid-mapping-300000000000003_reverse.json": '"15550000003"',
      "lid-mapping-300000000000009_reverse.json": '"15550000003"',
      "lid-mapping-15550000004_reverse.json": '"400000000000004"',
      "lid-mapping-15550000004.json": '"400000000000004"',
    });
    const entries = done.rows.flatMap(
      ({ entries: all }) =>
        (all as { lid: string; createdAt: number; phoneNumber: string }[] | undefined) ?? [],
    );
    expect(entries.map(({ lid, phoneNumber, createdAt }) => [lid, phoneNumber, createdAt])).toEqual([
      ["300000000000003", "15550000003", 0],
      ["300000000000009", "15550000003", 1],
      ["400000000000004", "15550000004", 1],
      ["915550000001", "15550000001", 1],
    ]);
    expect(done.report.skipped).toMatchObject([{ reason: "refused-mapping", count: 2 }]);
  });

  test("marks without our sender key are left out", async () => {
    const marks = { [`sender-key-memory-${GROUP}.json`]: { "200000000000002@lid": true } };
    // That of our phone is another sender's.
    const done = await imported({ ...marks, [`sender-key-${GROUP}--915550000001_1--0.json`]: senderKey(0) });
    expect(kinds(done)).toEqual(["senderKey.put"]);
    expect(done.report.skipped).toMatchObject([{ kind: "sender-key-memory", reason: "no-sender-key" }]);
  });
});

describe("an import that fails", () => {
  test("leaves no account, and is begun again", async () => {
    const backend = memoryBackend();
    const folder = memoryFolder({
      "creds.json": CREDS,
      "pre-key-1.json": PRE_KEY,
      "pre-key-2.json": PRE_KEY,
    });
    const torn: FolderReader = {
      names: () => folder.names(),
      read: async (name) => {
        if (name === "pre-key-2.json") throw new Error("the disk is gone");
        return await folder.read(name);
      },
    };
    await expect(importBaileysFolder(backend, torn, { chain: "burn" })).rejects.toThrow("the disk is gone");
    expect(await backend.exists()).toBe(false);
    const report = await importBaileysFolder(backend, folder, { chain: "burn" });
    expect(report.kinds).toContainEqual({ kind: "pre-key", found: 2, converted: 2 });
    await expect(importBaileysFolder(backend, folder, { chain: "burn" })).rejects.toMatchObject({
      name: "RefusedError",
    });
  });

  test("with `replace` leaves the former account, which the next one takes the place of", async () => {
    const backend = memoryBackend();
    const first = memoryFolder({ "creds.json": CREDS, "pre-key-1.json": PRE_KEY });
    await importBaileysFolder(backend, first, { chain: "burn" });
    const replace = { chain: "burn", mode: "replace" } as const;
    const torn = memoryFolder({ "creds.json": CREDS, "pre-key-2.json": "{" });
    await expect(importBaileysFolder(backend, torn, replace)).rejects.toThrow(/pre-key-2.json is damaged/);
    expect(await backend.loadPreKey(1)).toBeDefined();
    const rows: number[] = [];
    const second = memoryFolder({ "creds.json": CREDS, "pre-key-2.json": PRE_KEY });
    await importBaileysFolder(backend, second, { ...replace, onProgress: (count) => rows.push(count) });
    expect(await backend.loadPreKey(1)).toBeUndefined();
    expect(await backend.loadPreKey(2)).toBeDefined();
    expect(rows.at(-1)).toBeGreaterThan(1);
  });

  test("a value that the store refuses is left out", async () => {
    const done = await imported({
      [`device-list-${"9".repeat(5_000)}.json`]: ["0"],
      "pre-key-1.json": PRE_KEY,
    });
    expect(kinds(done)).toEqual(["preKey.put"]);
    expect(done.report.skipped).toMatchObject([{ kind: "device-list", reason: "rejected", count: 1 }]);
  });
});

describe("importBaileysFolder with a folder of Baileys 6", () => {
  const senderKeyOf6 = { [`sender-key-${GROUP}--15550000002--0.json`]: [{ senderKeyId: 1 }] };
  const lidOf6 = {
    "identity-key-200000000000002.3.json": bufferOf(5, 33),
    [`sender-key-memory-${GROUP}.json`]: { "200000000000002:3@lid": true },
  };

  test.each([
    ["sender keys as arrays", senderKeyOf6],
    ["a LID under a phone number", lidOf6],
    ["our LID under a phone number", { "identity-key-915550000001.0.json": bufferOf(5, 33) }],
  ])("refuses %s by a sentence, or leaves it out", async (_name, files) => {
    await expect(imported(files)).rejects.toMatchObject({
      name: "IncompatibleError",
      message: expect.stringMatching(/Baileys 6.*baileys@7.*skipVersion6/),
    });
    const done = await imported({ ...files, "pre-key-1.json": PRE_KEY }, { skipVersion6: true });
    expect(kinds(done)).toEqual(["preKey.put"]);
    expect(done.report.skipped).toContainEqual(expect.objectContaining({ reason: "version-6", count: 1 }));
  });

  test("leaves out what version 7 could not use either", async () => {
    const done = await imported({ ...lidOf6, "lid-mapping-200000000000002_reverse.json": '"15550000002"' });
    expect(kinds(done)).toEqual([]);
    expect(done.report.skipped).toContainEqual(expect.objectContaining({ reason: "version-6", count: 1 }));
  });
});
