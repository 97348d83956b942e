import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../../src/account/mod.ts";
import { durableObjectBackend } from "../../../src/adapters/durable_object/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../../src/adapters/memory/mod.ts";
import { type Backend, type Committer, withCommitter } from "../../../src/backend/mod.ts";
import { fakeHost } from "../../../src/testing/mod.ts";
import {
  abortMove,
  backupAccount,
  exportAccount,
  importAccount,
  moveAccount,
  resumeMove,
} from "../../../src/transfer/mod.ts";
import { contentOf, fillAccount } from "../../support/account/generated_account.ts";
import type { TestStorage } from "./objects.ts";

const options = { host: fakeHost() };

/** Runs in a new object, over its storage. */
async function inObject(name: string, run: (storage: TestStorage) => Promise<void>): Promise<void> {
  const stub = env.OBJECTS.get(env.OBJECTS.idFromName(name));
  await runInDurableObject(stub, async (_instance, { storage }) => await run(storage as TestStorage));
}

async function* of(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** A backend whose process ends before its nth commit. */
function dying(backend: Backend, at: number): Backend {
  let commits = 0;
  const committer: Committer = {
    capabilities: { ...backend.capabilities, maxCommitRows: 10, maxCommitBytes: 100_000 },
    close: () => backend.close(),
    readOwner: async () => {
      if (commits >= at) throw new Error("killed");
      return await backend.readOwner();
    },
    commit: async (...args) => {
      commits += 1;
      if (commits >= at) throw new Error("killed");
      return await backend.commit(...args);
    },
  };
  return withCommitter(backend, committer);
}

async function filled(seed: number): Promise<Backend> {
  const backend = memoryBackend({ database: new MemoryDatabase() });
  await fillAccount(backend, seed);
  return backend;
}

describe("the storage of a Durable Object", () => {
  test("is moved to and from", async () => {
    await inObject("moved", async (storage) => {
      const object = await durableObjectBackend(storage);
      for (let seed = 1; seed < 4; seed += 1) {
        const memory = await filled(seed);
        const before = await contentOf(memory);
        await moveAccount(memory, object, options);
        expect(await contentOf(object)).toEqual(before);
        await moveAccount(object, memory, options);
        expect(await contentOf(memory)).toEqual(before);
        await object.deleteAccount(await object.create());
      }
    });
  });

  test("opens at one side, when the target dies at any commit of a move", async () => {
    await inObject("killed", async (storage) => {
      const object = await durableObjectBackend(storage);
      for (let at = 1; at < 12; at += 1) {
        const memory = await filled(9);
        const before = await contentOf(memory);
        const isDone = await moveAccount(memory, dying(object, at), options).then(
          () => true,
          () => false,
        );
        if (!isDone && at % 2 === 0) {
          const outcome = await abortMove(memory, object).then(
            () => "aborted",
            (error) => error.code,
          );
          // A move that failed before the point of no return has aborted itself, or is aborted now.
          if (outcome !== "held") {
            expect(await object.exists()).toBe(false);
            await (await openAccount({ backend: memory, ...options })).close();
            continue;
          }
        }
        if (!isDone)
          await resumeMove(memory, object, options).catch(() => moveAccount(memory, object, options));
        expect(await contentOf(object)).toEqual(before);
        await expect(openAccount({ backend: memory, ...options })).rejects.toMatchObject({ code: "held" });
        await object.deleteAccount(await object.create());
      }
    });
  });

  test("is backed up while it is open, sealed, and restored as a copy", async () => {
    await inObject("restored", async (storage) => {
      const passphrase = "correct horse battery";
      const memory = await filled(3);
      const before = await contentOf(memory);
      const object = await durableObjectBackend(storage);
      await importAccount(object, exportAccount(memory, options), { mode: "new", ...options });
      expect(await contentOf(object)).toEqual(before);
      const account = await openAccount({ backend: object, ...options });
      expect(account.signalPolicy.restoreEpoch).toBe(1);
      const pieces: Uint8Array[] = [];
      await backupAccount(account, { write: (piece) => pieces.push(piece) }, { passphrase });
      await account.close();
      const target = memoryBackend({ database: new MemoryDatabase() });
      await importAccount(target, of(pieces), { mode: "new", passphrase, ...options });
      const copy = await openAccount({ backend: target, ...options });
      expect(copy.signalPolicy.restoreEpoch).toBe(2);
      await copy.close();
    });
  });
});
