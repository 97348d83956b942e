/**
 * Backups and exports that are imported elsewhere while the original goes on: copies and original send, and
 * no key is used twice. Moves and stopped originals go on with their chains.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Backend, type Committer, withCommitter } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import {
  abortMove,
  backupAccount,
  exportAccount,
  importAccount,
  moveAccount,
  resumeMove,
} from "../../src/transfer/mod.ts";
import { followAsyncStorages } from "../support/async_storages.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { type HranaServer, startHranaServer } from "../support/hrana/hrana_server.mjs";
import { CopiedConversation, whileRead } from "./copied_conversation.ts";

/** Restores for each kind of place. Each is restored twice. */
const RESTORES = { memory: 2, file: 1, "libSQL server": 1 } as const;
const LONG_RESTORES = 500;
const MOVES = dose({ short: 6, long: 200 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_130);
const host = { logger: silentLogger };

const folder = mkdtempSync(join(tmpdir(), "holdfast-restores-"));
let server: HranaServer;
let places = 0;
let copies = 0;

beforeAll(async () => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  server = await startHranaServer({ directory: folder });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A new place of each kind: opens its one account, as often as it is called. */
const KINDS: Readonly<Record<keyof typeof RESTORES, () => () => Promise<Backend>>> = {
  memory: () => {
    const database = new MemoryDatabase();
    return async () => memoryBackend({ database });
  },
  file: () => {
    places += 1;
    const url = `file:${join(folder, `place-${places}.db`)}`;
    return async () => await libsqlBackend({ url, logger: silentLogger });
  },
  "libSQL server": () => {
    places += 1;
    const url = server.url(`server-${places}`);
    return async () => await libsqlBackend({ url, logger: silentLogger });
  },
};

/** When a copy is made: while messages are sent and flushed, between a gate and its frame, or at rest. */
const MOMENTS = ["flush", "gate", "rest"] as const;

async function* of(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function imported(
  place: () => Promise<Backend>,
  file: readonly Uint8Array[],
  originalIsStopped = false,
) {
  const backend = await place();
  const report = await importAccount(backend, of(file), { mode: "new", originalIsStopped, host });
  await backend.close();
  return report;
}

async function exported(place: () => Promise<Backend>): Promise<Uint8Array[]> {
  const backend = await place();
  const pieces: Uint8Array[] = [];
  for await (const piece of exportAccount(backend)) pieces.push(piece);
  await backend.close();
  return pieces;
}

describe("copies of an account", { timeout: DOSED_TIMEOUT_MS }, () => {
  const kinds = Object.entries(RESTORES) as [keyof typeof RESTORES, number][];
  test.each(kinds)(`in %s repeat no key, each restored twice (seed ${SEED})`, async (kind, short) => {
    const newPlace = KINDS[kind];
    const random = new SeededRandom(SEED);
    const restores = dose({ short, long: LONG_RESTORES });
    using storages = followAsyncStorages();
    for (let n = 0; n < restores; n += 1) {
      storages.end();
      const moment = MOMENTS[copies++ % MOMENTS.length] ?? "rest";
      const conversation = new CopiedConversation();
      const original = newPlace();
      await conversation.use(original(), random.below(12));
      let opened = await conversation.open(original());
      await conversation.send(opened, 1 + random.below(20));
      let file: Uint8Array[] = [];
      if (moment === "rest") {
        await opened.account.close();
        file = await exported(original);
        opened = await conversation.open(original());
      } else {
        const going = opened;
        const source = whileRead(going, async (page) => {
          if (page % 4 !== 1) return;
          if (moment === "gate") await conversation.send(going, 1 + random.below(9));
          else await Promise.all([conversation.send(going, 5), going.account.flush()]);
        });
        await backupAccount(source, { write: (piece) => file.push(piece) });
      }
      await conversation.send(opened, 1 + random.below(20));
      const greeted = conversation.greeted;
      for (let copy = 0; copy < 2; copy += 1) {
        const place = newPlace();
        await imported(place, file);
        await conversation.use(place(), 1 + random.below(20));
        await conversation.send(opened, 1 + random.below(8));
        await conversation.use(place(), 1 + random.below(8));
      }
      // Each copy greets each of three peers anew, once.
      expect(conversation.greeted - greeted).toBe(6);
      await opened.account.close();
      await conversation.use(original(), 10);
      expect(conversation.reused, `${moment}, restore ${n}`).toBe(0);
      expect(conversation.sent).toBeGreaterThan(20);
    }
  });

  test("of a stopped original go on with its chains", async () => {
    const conversation = new CopiedConversation();
    const original = KINDS.file();
    await conversation.use(original(), 40);
    const place = KINDS.memory();
    const { changes } = await imported(place, await exported(original), true);
    expect(changes).toEqual([]);
    await conversation.use(place(), 40);
    expect(conversation.reused).toBe(0);
    expect(conversation.greeted).toBe(3);
  });

  // The test above must be able to fail: a copy that does not burn repeats keys.
  test("repeat keys when the original is said to be stopped and is not", async () => {
    const conversation = new CopiedConversation();
    const original = KINDS.memory();
    await conversation.use(original(), 40);
    const place = KINDS.memory();
    await imported(place, await exported(original), true);
    await conversation.use(place(), 8);
    await conversation.use(original(), 8);
    expect(conversation.reused).toBe(8);
  });
});

describe("moves", { timeout: DOSED_TIMEOUT_MS }, () => {
  test(`between all kinds of places burn nothing and repeat nothing, over ${MOVES} of them`, async () => {
    const random = new SeededRandom(SEED);
    const conversation = new CopiedConversation();
    const kinds = Object.values(KINDS);
    let place = KINDS.memory();
    using storages = followAsyncStorages();
    for (let n = 0; n < MOVES; n += 1) {
      storages.end();
      await conversation.use(place(), 1 + random.below(12));
      const next = (kinds[(n + 1) % kinds.length] as () => () => Promise<Backend>)();
      const [from, to] = [await place(), await next()];
      await moveAccount(from, to, { host });
      await Promise.all([from.close(), to.close()]);
      place = next;
    }
    const opened = await conversation.open(place());
    await conversation.send(opened, 12);
    expect(opened.account.signalPolicy.restoreEpoch ?? 0).toBe(0);
    await opened.account.close();
    expect(conversation.greeted).toBe(3);
    expect(conversation.reused).toBe(0);
  });

  test("of an open account fence it, and nothing is repeated by the side that opens", async () => {
    for (const end of ["finished", "aborted", "resumed"] as const) {
      const conversation = new CopiedConversation();
      const [from, to] = [KINDS.memory(), KINDS.memory()];
      const opened = await conversation.open(from());
      await conversation.send(opened, 21);
      const target = end === "finished" ? await to() : dying(await to());
      const moved = moveAccount(await from(), target, { host });
      if (end === "finished") await moved;
      else await expect(moved).rejects.toThrow("killed");
      // Up to its bounds it still sends: the other side burns those keys.
      await conversation.send(opened, 4).catch(() => "fenced");
      await opened.account.close().catch(() => "fenced");
      if (end === "resumed") await resumeMove(await from(), await to(), { host });
      if (end === "aborted") await abortMove(await from(), await to());
      await conversation.use(end === "aborted" ? from() : to(), 30);
      expect(conversation.reused, end).toBe(0);
      if (end === "aborted") expect(await (await to()).exists()).toBe(false);
      else await expect(conversation.open(from())).rejects.toMatchObject({ code: "held", state: "moved" });
    }
  });
});

/** A target whose process ends after its first commit. */
function dying(backend: Backend): Backend {
  let commits = 0;
  const alive = (): void => {
    if (commits > 0) throw new Error("killed");
  };
  const committer: Committer = {
    capabilities: backend.capabilities,
    close: () => backend.close(),
    readOwner: async () => {
      alive();
      return await backend.readOwner();
    },
    commit: async (...args) => {
      alive();
      commits += 1;
      return await backend.commit(...args);
    },
  };
  return withCommitter(backend, committer);
}
