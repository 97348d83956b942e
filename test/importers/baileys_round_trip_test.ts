/**
 * A conversation that begins on files of stock Baileys, goes on in an account, and goes on again on files.
 * Does not cover sockets.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { diskFolder, exportBaileysFolder, importBaileysFolder } from "../../src/exports/importers.ts";
import { openPeer } from "../baileys/holdfast_peer.ts";
import { ANNA_LID, annaOnFolder, BEN_LID, ben, GROUP, Talk, temporaryFolder } from "./baileys_world.ts";

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

describe("a conversation of Baileys", () => {
  test.each(["originalIsStopped", "burn"] as const)(
    "moves in (%s) and out, and no key is used twice",
    async (chain) => {
      using first = temporaryFolder();
      using second = temporaryFolder();
      const talk = new Talk(ben());
      const before = await annaOnFolder(first.path);
      await talk.begin(before);
      await talk.goOn(before);

      const database = new MemoryDatabase();
      const report = await importBaileysFolder(memoryBackend({ database }), diskFolder(first.path), {
        chain,
      });
      expect(report.skipped).toEqual([]);
      const anna = await openPeer(ANNA_LID, memoryBackend({ database }));
      expect(anna.peer.creds.me).toEqual(before.creds.me);
      expect(anna.peer.creds.account?.details).toEqual(before.creds.account?.details);
      if (chain === "burn") {
        // The peer's messages are read on, and a new session is begun.
        await talk.fromBen(anna.peer);
        await talk.begin(anna.peer, 2);
      }
      await talk.goOn(anna.peer);
      await anna.account.close();

      await exportBaileysFolder(memoryBackend({ database }), diskFolder(join(second.path, "auth")));
      const after = await annaOnFolder(join(second.path, "auth"));
      expect(after.creds.signedIdentityKey.private).toEqual(before.creds.signedIdentityKey.private);
      await talk.goOn(after);
      expect(talk.used.size).toBeGreaterThan(18);
    },
  );

  test("moves out of an account whose process has crashed, and no key is used twice", async () => {
    using folder = temporaryFolder();
    const talk = new Talk(ben());
    const before = await annaOnFolder(join(folder.path, "before"));
    await talk.begin(before);
    const database = new MemoryDatabase();
    const options = { chain: "originalIsStopped" } as const;
    await importBaileysFolder(memoryBackend({ database }), diskFolder(join(folder.path, "before")), options);
    const anna = await openPeer(ANNA_LID, memoryBackend({ database }), { saverIntervalMs: "manual" });
    await talk.goOn(anna.peer, 1);
    await anna.account.flush();
    // These are covered by leases alone.
    for (let count = 0; count < 3; count++) {
      await talk.fromAnna(anna.peer);
      await talk.toGroup(anna.peer);
    }
    anna.account.writeBehind.abandon();
    await exportBaileysFolder(memoryBackend({ database }), diskFolder(join(folder.path, "after")));
    await talk.goOn(await annaOnFolder(join(folder.path, "after")));
  });

  test("continues under the LID that was learnt after it began", async () => {
    using folder = temporaryFolder();
    const known = ben("15550000002:3@s.whatsapp.net");
    const talk = new Talk(known);
    const before = await annaOnFolder(folder.path);
    await talk.begin(before);
    // Stock Baileys moves the session with the next message, which does not come.
    const mapping = { "15550000002": "200000000000002", "200000000000002_reverse": "15550000002" };
    await before.socketKeys.set({ "lid-mapping": mapping });
    const database = new MemoryDatabase();
    const options = { chain: "originalIsStopped" } as const;
    await importBaileysFolder(memoryBackend({ database }), diskFolder(folder.path), options);
    const anna = await openPeer(ANNA_LID, memoryBackend({ database }));
    const moved = new Talk(known.under(BEN_LID), talk.used);
    await moved.fromAnna(anna.peer);
    await moved.fromBen(anna.peer);
    await moved.fromAnna(anna.peer);
    await anna.account.close();
  });

  test("files that are imported and exported at once are the same", async () => {
    using first = temporaryFolder();
    using second = temporaryFolder();
    const talk = new Talk(ben());
    const before = await annaOnFolder(first.path);
    await talk.begin(before);
    await before.socketKeys.set({
      "sender-key-memory": { [GROUP]: { "200000000000002:3@lid": true, "300000000000003@lid": false } },
      "lid-mapping": { "15550000002": "200000000000002", "200000000000002_reverse": "15550000002" },
      "device-list": { "200000000000002": ["0", "3"] },
      tctoken: { "200000000000002@lid": { token: Buffer.from([1, 2, 3]), timestamp: "1700000000" } },
      "app-state-sync-key": {
        "AAAA/w==": {
          keyData: new Uint8Array(32).fill(7),
          fingerprint: { rawId: 1, currentIndex: 2, deviceIndexes: [0, 1] },
          timestamp: 1_700_000_000,
        } as never,
      },
      "app-state-sync-version": {
        regular: {
          version: 3,
          hash: Buffer.alloc(128, 1),
          indexValueMap: { AAAA: { valueMac: Buffer.alloc(32, 2) } },
        },
      },
    });
    const database = new MemoryDatabase();
    await importBaileysFolder(memoryBackend({ database }), diskFolder(first.path), {
      chain: "originalIsStopped",
    });
    await exportBaileysFolder(memoryBackend({ database }), diskFolder(join(second.path, "auth")));
    const [was, is] = [parsedFiles(first.path), parsedFiles(join(second.path, "auth"))];
    // Our own mapping, and the index of tokens, are added.
    expect([...is.keys()].filter((name) => !was.has(name)).sort()).toEqual([
      "lid-mapping-15550000001.json",
      "lid-mapping-915550000001_reverse.json",
      "tctoken-__index.json",
    ]);
    expect([...was.keys()].filter((name) => !is.has(name))).toEqual([]);
    for (const name of was.keys()) {
      // Sending chains of ours are some keys ahead.
      if (name.startsWith("session-") || name.startsWith("sender-key-120363000000000001@g.us--915550000001"))
        continue;
      expect(is.get(name), name).toEqual(was.get(name));
    }
  });
});

/** The content of files, with bytes in one encoding. */
function parsedFiles(path: string): Map<string, unknown> {
  return new Map(
    readdirSync(path).map((name) => [
      name,
      JSON.parse(readFileSync(join(path, name), "utf8"), (_key, value) => {
        if (value?.type !== "Buffer" || typeof value.data !== "string") return value;
        const bytes = Buffer.from(value.data, "base64");
        return name.startsWith("sender-key-")
          ? JSON.parse(bytes.toString(), revived)
          : bytes.toString("base64");
      }),
    ]),
  );
}

function revived(_key: string, value: unknown): unknown {
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown };
  if (type === "Buffer")
    return Buffer.from(data as never, typeof data === "string" ? "base64" : undefined).toString("base64");
  return value;
}
