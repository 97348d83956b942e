/**
 * Point-in-time recovery of an object, by a fake of the platform's three calls: the local platform has none.
 * Sends by Baileys' real library before and after, and counts the message keys that are used twice.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { durableObjectBackend } from "../../src/adapters/durable_object/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { FencedError, IncompatibleError } from "../../src/errors/mod.ts";
import { ManualScheduler, RecordingLogger } from "../../src/testing/mod.ts";
import {
  AccountObject,
  type ObjectStubLike,
  objectAccounts,
  type RecoverableOptions,
  recordBeside,
} from "../../src/worker/mod.ts";
import { followAsyncStorages } from "../support/async_storages.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { CopiedConversation } from "../transfer/copied_conversation.ts";
import { FakeObjectStorage } from "./fake_object_storage.ts";
import { drained } from "./restarting_object.ts";

const RECOVERIES = dose({ short: 2, long: 500 });

const folder = mkdtempSync(join(tmpdir(), "holdfast-recover-"));
let files = 0;

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A storage whose earlier states can be recovered. */
class RecoverableStorage extends FakeObjectStorage {
  readonly #bookmarks: { readonly atMs: number; readonly path: string }[] = [];
  #next: string | undefined;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    super();
    this.#nowMs = nowMs;
  }

  /** Keeps the present state. */
  mark(): string {
    files += 1;
    const path = join(folder, `${files}.db`);
    this.database.exec(`VACUUM INTO '${path}'`);
    this.#bookmarks.push({ atMs: this.#nowMs(), path });
    return path;
  }

  async getBookmarkForTime(time: number | Date): Promise<string> {
    const found = this.#bookmarks.findLast(({ atMs }) => atMs <= Number(time));
    if (found === undefined) throw new Error("no bookmark of that time");
    return found.path;
  }

  async onNextSessionRestoreBookmark(bookmark: string): Promise<string> {
    if (!this.#bookmarks.some(({ path }) => path === bookmark)) throw new Error("no such bookmark");
    this.#next = bookmark;
    return this.mark();
  }

  /** Begins a session. */
  restart(): void {
    if (this.#next !== undefined) this.database = new Database(this.#next);
    this.#next = undefined;
  }
}

class World {
  readonly conversation: CopiedConversation = new CopiedConversation();
  readonly storage: RecoverableStorage = new RecoverableStorage(() => this.conversation.clock.nowMs());
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly #beside = new Map<string, AccountObject>();
  timers: ManualScheduler = new ManualScheduler(this.conversation.clock);
  aborts = 0;
  object: AccountObject;

  constructor() {
    this.object = this.begin();
  }

  begin(): AccountObject {
    this.storage.restart();
    this.timers = new ManualScheduler(this.conversation.clock);
    return this.#objectOf("alice", this.storage, { restoreRecord: recordBeside(this.#namespace, "alice") });
  }

  /** A client elsewhere, whose calls the object answers after its first use. */
  async backend(): Promise<Backend> {
    return await durableObjectBackend(this.storage, { account: "alice", clock: this.conversation.clock });
  }

  /** The object is aborted, and the next session begins with its first use. */
  async abort(): Promise<void> {
    await this.timers.advance(1_000);
    expect(this.aborts).toBe(1);
    this.aborts = 0;
    this.object = this.begin();
    const stub: ObjectStubLike = { fetch: (url, init) => this.object.fetch(new Request(url, init)) };
    const namespace = { idFromName: (name: string) => name, get: () => stub };
    await objectAccounts({ ACCOUNTS: namespace, REGISTRY: namespace }).account("alice", 1).device();
    await drained();
  }

  #objectOf(name: string, storage: FakeObjectStorage, options: RecoverableOptions): AccountObject {
    const { logger } = this;
    const timers = storage === this.storage ? this.timers : new ManualScheduler(this.conversation.clock);
    const ctx = {
      id: { name },
      storage,
      blockConcurrencyWhile: <T>(work: () => Promise<T>) => work(),
      abort: () => {
        this.aborts += 1;
      },
    };
    const host = { clock: this.conversation.clock, logger };
    return new AccountObject(ctx, { host, timers, housekeeping: false, ...options });
  }

  readonly #namespace = {
    idFromName: (name: string) => name,
    get: (name: string): ObjectStubLike => ({
      fetch: (url, init) => {
        const object = this.#beside.get(name) ?? this.#objectOf(name, new FakeObjectStorage(), {});
        this.#beside.set(name, object);
        return object.fetch(new Request(url, init));
      },
    }),
  };
}

describe("AccountObject.recoverTo", () => {
  test(
    `uses no key twice, over ${RECOVERIES} recoveries, each repeated and undone`,
    async () => {
      using storages = followAsyncStorages();
      for (let n = 1; n <= RECOVERIES; n += 1) {
        storages.end();
        const world = new World();
        const { conversation, storage } = world;
        await conversation.use(world.backend(), 4 + n);
        const before = storage.mark();
        const atMs = conversation.clock.nowMs();
        conversation.clock.advance(1_000);
        const elsewhere = await conversation.open(world.backend());
        await conversation.send(elsewhere, 8);
        const undo = await world.object.recoverTo(n % 2 === 0 ? before : atMs);
        await world.abort();
        // The client that went on is fenced.
        await expect(
          conversation.send(elsewhere, 400).then(() => elsewhere.account.flush()),
        ).rejects.toBeInstanceOf(FencedError);
        await elsewhere.account.close().catch(() => {});
        await conversation.use(world.backend(), 8);
        for (const bookmark of [before, undo]) {
          await world.object.recoverTo(bookmark);
          await world.abort();
          await conversation.use(world.backend(), 8);
        }
        expect(world.logger.messages("warn")).toContain("open account: the object was recovered");
        expect(conversation.reused).toBe(0);
      }
    },
    DOSED_TIMEOUT_MS,
  );

  // Shows that the conversation notices what the record prevents.
  test("would use keys twice without the record", async () => {
    const { conversation, storage, ...world } = new World();
    const backend = () => durableObjectBackend(storage, { account: "alice", clock: conversation.clock });
    await conversation.use(backend(), 8);
    const before = storage.mark();
    await conversation.use(backend(), 8);
    await storage.onNextSessionRestoreBookmark(before);
    storage.restart();
    await conversation.use(backend(), 8);
    expect(conversation.reused).toBeGreaterThan(0);
    expect(world.aborts).toBe(0);
  });

  test("goes on when the platform refuses, and gives up the chains", async () => {
    const world = new World();
    const account = await world.object.account();
    account.device.processCommand({ kind: "incrementLoginCounter" });
    await expect(world.object.recoverTo("none")).rejects.toThrow("no such bookmark");
    await expect(world.object.recoverTo(1)).rejects.toThrow("no bookmark of that time");
    expect((await world.object.account()).device.getDeviceSnapshot().loginCounter).toBe(1);
    expect(world.logger.messages("warn")).toContain("open account: the object was recovered");
    await world.timers.advance(5_000);
    expect(world.aborts).toBe(0);
  });

  test("needs a record and a platform that can recover", async () => {
    const storage = new FakeObjectStorage();
    const ctx = { id: { name: "a" }, storage, blockConcurrencyWhile: <T>(work: () => Promise<T>) => work() };
    await expect(new AccountObject(ctx).recoverTo(1)).rejects.toThrow(TypeError);
    const object = new AccountObject(ctx, { restoreRecord: async () => 0 });
    await expect(object.recoverTo(1)).rejects.toThrow(IncompatibleError);
    await drained();
    expect(storage.tables).toBe(0);
  });
});
