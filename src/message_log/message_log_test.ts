import { describe, expect, test } from "vitest";
import { type Account, openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend, Write } from "../backend/mod.ts";
import { createDevice } from "../device/mod.ts";
import { BusyError, ClosedError, CorruptError, FencedError, LimitError } from "../errors/mod.ts";
import {
  type FakeHost,
  FaultPlan,
  fakeHost,
  faultyCommitter,
  ManualScheduler,
  SeededRandom,
} from "../testing/mod.ts";
import { type LogEntry, type LogKind, type MessageLog, messageLog } from "./mod.ts";

const CHAT = "1000@lid";
const OTHER = "2000@lid";
const DAY_S = 86_400;

/** One database, with its clock, and the account that is open on it. */
class World {
  host: FakeHost = fakeHost();
  readonly plan = new FaultPlan();
  readonly database = new MemoryDatabase();
  /** The writes of every commit. */
  readonly commits: (readonly Write[])[] = [];
  /** Names of the reads of segments. */
  readonly reads: string[] = [];
  /** Reads that fail. */
  readonly failing = new Map<string, Error>();
  /** What happens between the next look-up or listing in the database and its answer. */
  duringRead: (() => Promise<void>) | undefined;
  #openings = 0;

  async open(): Promise<{ account: Account; log: MessageLog }> {
    this.#openings += 1;
    // A killed process leaves its tasks behind.
    const { clock } = this.host;
    const random = new SeededRandom(this.#openings);
    this.host = { ...this.host, random, scheduler: new ManualScheduler(clock) };
    const inner = memoryBackend({ database: this.database, clock: this.host.clock });
    const backend = faultyCommitter(this.#counting(inner), this.plan, { clock: this.host.clock });
    const account = await openAccount({ backend, host: this.host, housekeeping: false });
    const log = await messageLog(account);
    this.commits.length = 0;
    this.reads.length = 0;
    return { account, log };
  }

  #counting(backend: Backend): Backend {
    const { commits, reads, failing } = this;
    return new Proxy(backend, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (name === "commit") commits.push(args[0] as readonly Write[]);
          if (String(name).includes("MessageSegment")) reads.push(String(name));
          const error = failing.get(String(name));
          if (error !== undefined) return Promise.reject(error);
          const { duringRead } = this;
          if (duringRead === undefined || !/^(find|list)MessageSegments$/.test(String(name))) {
            return value.apply(target, args);
          }
          this.duringRead = undefined;
          return Promise.resolve(value.apply(target, args)).then(async (answer) => {
            await duringRead();
            return answer;
          });
        };
      },
    });
  }

  entry(id: string, rest: Partial<LogEntry> = {}): LogEntry {
    const payload = new TextEncoder().encode(`payload of ${id}`);
    const expiresAt = Math.floor(this.host.clock.nowMs() / 1_000) + DAY_S;
    return { chat: CHAT, sender: "", id, payload, expiresAt, ...rest };
  }

  /** Kinds and numbers of the segments that were put. */
  get put(): string[] {
    return this.commits.flat().flatMap((write) => {
      return write.kind === "messageSegment.put" ? write.segments.map(({ log, seq }) => `${log} ${seq}`) : [];
    });
  }

  async advance(ms: number): Promise<void> {
    await this.host.scheduler.advance(ms);
  }
}

async function idsOf(log: MessageLog, ids: readonly string[], kind: LogKind = "message"): Promise<string[]> {
  const found = await Promise.all(ids.map((id) => log.find(kind, id)));
  return found.flatMap((entries) => entries.map(({ id }) => id));
}

async function segments(account: Account, kind: LogKind = "message"): Promise<number[]> {
  return (await account.store.listMessageSegments(kind, 0, 1_000)).map(({ seq }) => seq);
}

describe("MessageLog.add", () => {
  test("is found at once, and durable in a commit of its own", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A1"));
    await world.advance(1_000);
    log.add("message", world.entry("A2"));
    expect(await log.find("message", "A1")).toEqual([world.entry("A1", { expiresAt: expect.anything() })]);
    account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    await world.advance(3_499);
    expect(world.put).toEqual([]);
    world.commits.length = 0;
    await world.advance(1);
    expect(world.commits.map((writes) => writes.map(({ kind }) => kind))).toEqual([["messageSegment.put"]]);
    // What was not flushed any more is not there after a kill.
    log.add("message", world.entry("A3"));
    const { log: next } = await world.open();
    expect(await idsOf(next, ["A1", "A2", "A3"])).toEqual(["A1", "A2"]);
  });

  test("writes one row again until it is full, then another", async () => {
    const world = new World();
    const { account, log } = await world.open();
    const payload = new Uint8Array(30_000);
    for (const id of ["A", "B", "C", "D"]) {
      log.add("message", world.entry(id, { payload }));
      await world.advance(4_500);
    }
    expect(world.put).toEqual(["message 1", "message 1", "message 1", "message 2"]);
    expect(await segments(account)).toEqual([1, 2]);
    expect(await idsOf(log, ["A", "B", "C", "D"])).toEqual(["A", "B", "C", "D"]);
    await account.close();
  });

  test("writes hundreds of entries of one turn in few rows", async () => {
    const world = new World();
    const { account, log } = await world.open();
    for (let n = 0; n < 1_000; n += 1)
      log.add("message", world.entry(`A${n}`, { payload: new Uint8Array(200) }));
    await world.advance(4_500);
    expect(world.put).toEqual(["message 1", "message 2", "message 3", "message 4"]);
    expect(await idsOf(log, ["A0", "A500", "A999", "A1000"])).toEqual(["A0", "A500", "A999"]);
    await account.close();
  });

  test("begins another row after an hour, so that no entry is kept much longer", async () => {
    const world = new World();
    const { account, log } = await world.open();
    for (let n = 0; n < 9; n += 1) {
      log.add("message", world.entry(`A${n}`));
      await world.advance(1_000_000);
    }
    expect(await segments(account)).toEqual([1, 2, 3]);
    await account.close();
  });

  test("copies the entry", async () => {
    const world = new World();
    const { account, log } = await world.open();
    const payload = new Uint8Array([1, 2, 3]);
    log.add("message", world.entry("A", { payload }));
    payload.fill(9);
    const [found] = await log.find("message", "A");
    expect(found?.payload).toEqual(new Uint8Array([1, 2, 3]));
    found?.payload.fill(8);
    expect((await log.find("message", "A"))[0]?.payload).toEqual(new Uint8Array([1, 2, 3]));
    await account.close();
  });

  test("keeps entries while saving fails, and refuses more above 16 MiB", async () => {
    const world = new World();
    const { account, log } = await world.open();
    world.plan.next(...Array.from({ length: 3 }, () => new BusyError("commit: busy")));
    log.add("message", world.entry("A"));
    await world.advance(4_500);
    expect(world.put.length).toBe(0);
    expect(await idsOf(log, ["A"])).toEqual(["A"]);
    await world.advance(60_000);
    expect(await segments(account)).toEqual([1]);
    const payload = new Uint8Array(1_000_000);
    for (let n = 0; n < 17; n += 1) log.add("message", world.entry(`B${n}`, { payload }));
    expect(() => log.add("message", world.entry("B17", { payload }))).toThrow(LimitError);
    await log.makeDurable();
    log.add("message", world.entry("B17", { payload }));
    expect(await idsOf(log, ["A", "B0", "B16", "B17"])).toEqual(["A", "B0", "B16", "B17"]);
    await account.close();
  });

  test("leaves retries to the engine while saving fails", async () => {
    const attempts = async (isUsed: boolean): Promise<number> => {
      const world = new World();
      const { account, log } = await world.open();
      world.plan.always(new BusyError("commit: busy"));
      account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
      if (isUsed) log.add("message", world.entry("A"));
      await world.advance(300_000);
      const { consecutiveFailures } = account.writeBehind.health();
      world.plan.always("pass");
      await world.advance(30_000);
      expect(await segments(account)).toEqual(isUsed ? [1] : []);
      await account.close();
      return consecutiveFailures;
    };
    expect(await attempts(true)).toBe(await attempts(false));
  });

  test("sets no timer after another owner has opened the account", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    world.plan.next(new FencedError("commit: fenced"));
    await world.advance(2 * 3_600_000);
    expect(world.host.scheduler.scheduled.filter((name) => /message-log/.test(name))).toEqual([]);
    await account.close().catch(() => {});
  });

  test("is durable in time although the clock was set back", async () => {
    const world = new World();
    const { account, log } = await world.open();
    const { clock } = world.host;
    log.add("message", world.entry("A"));
    clock.set(clock.nowMs() - 3_600_000);
    log.add("message", world.entry("B"));
    await world.advance(4_500);
    expect(await segments(account)).toEqual([1]);
    await account.close();
  });

  test("refuses malformed entries and entries that are too large", async () => {
    const world = new World();
    const { account, log } = await world.open();
    const bad = (rest: object): (() => void) => {
      return () => log.add("message", { ...world.entry("A"), ...rest } as LogEntry);
    };
    for (const rest of [{ chat: "" }, { id: "a\0" }, { sender: 1 }, { payload: "x" }]) {
      expect(bad(rest)).toThrow(TypeError);
    }
    expect(bad({ expiresAt: -1 })).toThrow(RangeError);
    expect(bad({ payload: new Uint8Array(1_000_001) })).toThrow(LimitError);
    expect(() => log.add("note" as LogKind, world.entry("A"))).toThrow(RangeError);
    await account.close();
    expect(() => log.add("message", world.entry("A"))).toThrow(ClosedError);
    expect(world.put).toEqual([]);
  });
});

describe("MessageLog.makeDurable", () => {
  test("resolves when entries are durable, and commits nothing else", async () => {
    const world = new World();
    const { account, log } = await world.open();
    account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    log.add("message", world.entry("A"));
    log.add("secret", world.entry("B"));
    await log.makeDurable("message");
    expect(world.commits.map((writes) => writes.map(({ kind }) => kind))).toEqual([["messageSegment.put"]]);
    expect(world.put).toEqual(["message 1"]);
    await log.makeDurable();
    expect(world.put).toEqual(["message 1", "secret 1"]);
    await log.makeDurable();
    expect(world.commits.length).toBe(2);
    await account.close();
  });

  test("rejects when it could not be written, and keeps the entry", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    world.plan.next(new BusyError("commit: busy"));
    await expect(log.makeDurable()).rejects.toBeInstanceOf(BusyError);
    await log.makeDurable();
    await account.close();
    expect(await idsOf((await world.open()).log, ["A"])).toEqual(["A"]);
  });

  test("continues the last row of an earlier process", async () => {
    const world = new World();
    for (const id of ["A", "B", "C"]) {
      const { log } = await world.open();
      log.add("message", world.entry(id));
      await log.makeDurable("message");
    }
    const { account, log } = await world.open();
    expect(await segments(account)).toEqual([1]);
    expect(await idsOf(log, ["A", "B", "C"])).toEqual(["A", "B", "C"]);
    await account.close();
  });
});

describe("MessageLog.find", () => {
  test("finds all entries of an id, the newest first, in one query", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A", { chat: OTHER }));
    await account.flush();
    await world.advance(9_000);
    log.add("message", world.entry("AA"));
    log.add("message", world.entry("A"));
    await log.makeDurable();
    log.add("message", world.entry("A", { sender: "3000@lid" }));
    world.reads.length = 0;
    const found = await log.find("message", "A");
    expect(found.map(({ chat, sender }) => `${chat} ${sender}`)).toEqual([
      `${CHAT} 3000@lid`,
      `${CHAT} `,
      `${OTHER} `,
    ]);
    expect(world.reads).toEqual(["findMessageSegments"]);
    expect(await log.find("secret", "A")).toEqual([]);
    expect(await log.find("message", "3000@lid")).toEqual([]);
    await account.close();
  });

  test("finds the newest first although more came than fits the last row", async () => {
    const world = new World();
    const { account, log } = await world.open();
    const add = (n: number): void => {
      log.add("message", world.entry("X", { payload: new Uint8Array([n]) }));
    };
    const newest = async (opened: MessageLog): Promise<number[]> => {
      return (await opened.find("message", "X")).map(({ payload }) => payload[0] ?? 0);
    };
    add(1);
    await world.advance(20_000);
    add(2);
    log.add("message", world.entry("large", { payload: new Uint8Array(70_000) }));
    add(3);
    await log.makeDurable();
    expect(await newest(log)).toEqual([3, 2, 1]);
    await account.close();
    expect(await newest((await world.open()).log)).toEqual([3, 2, 1]);
  });

  test("finds an entry once although its segment comes back", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    await log.makeDurable();
    world.duringRead = async () => {
      await world.advance(20_000);
      log.add("message", world.entry("B"));
      await log.makeDurable();
    };
    expect((await log.find("message", "A")).length).toBe(1);
    expect(await segments(account)).toEqual([1]);
    await account.close();
  });

  test("asks the database only when no entry in memory is enough", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    const inChat = (chat: string) => log.find("message", "A", (entry) => entry.chat === chat);
    expect((await inChat(CHAT)).length).toBe(1);
    expect(world.reads).toEqual([]);
    expect((await inChat(OTHER)).length).toBe(1);
    expect(world.reads).toEqual(["findMessageSegments"]);
    await account.close();
  });

  test("finds no chat as an id, and no entry that has expired", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    log.add("message", world.entry("B", { expiresAt: Math.floor(world.host.clock.nowMs() / 1_000) + 60 }));
    expect(await idsOf(log, [CHAT, "A", "B"])).toEqual(["A", "B"]);
    await world.advance(60_000);
    expect(await idsOf(log, ["A", "B"])).toEqual(["A"]);
    await account.close();
  });

  test("keeps nothing in memory in a pause, and goes on in the same row", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    await world.advance(20_000);
    world.reads.length = 0;
    expect((await log.find("message", "A", () => true)).length).toBe(1);
    expect(world.reads).toEqual(["findMessageSegments"]);
    log.add("message", world.entry("B"));
    await world.advance(20_000);
    expect(world.put).toEqual(["message 1", "message 1"]);
    expect(await idsOf(log, ["A", "B"])).toEqual(["A", "B"]);
    await account.close();
  });

  test("keeps nothing in memory when the pause comes before the flush", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.configure("message", { withinMs: 60_000 });
    log.add("message", world.entry("A"));
    await world.advance(59_000);
    world.reads.length = 0;
    await log.find("message", "A", () => true);
    expect(world.reads).toEqual(["findMessageSegments"]);
    expect(world.put).toEqual(["message 1"]);
    await account.close();
  });

  test("rejects when the segment of the id is damaged, and finds others", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    await world.advance(20_000);
    log.add("message", world.entry("B"));
    await log.makeDurable();
    const row = await account.store.getMessageSegment("message", 1);
    expect(row).toBeDefined();
    await world.advance(20_000);
    if (row !== undefined) {
      const damaged = { ...row, seq: 7, payload: new Uint8Array([255]) };
      await account.store.putMessageSegments([{ ...damaged, head: new TextEncoder().encode("\0X\0") }]);
    }
    await expect(log.find("message", "X")).rejects.toBeInstanceOf(CorruptError);
    expect(await idsOf(log, ["A", "B"])).toEqual(["A", "B"]);
    await account.close();
  });
});

describe("MessageLog.forgetChat", () => {
  test("removes the chat from memory and from every row, and nothing else", async () => {
    const world = new World();
    const { account, log } = await world.open();
    const payload = new Uint8Array(40_000);
    for (let n = 0; n < 100; n += 1) {
      log.add("message", world.entry(`A${n}`, { chat: n % 10 === 0 ? OTHER : CHAT, payload }));
    }
    await account.flush();
    log.add("message", world.entry("last", { payload }));
    log.add("secret", world.entry("kept"));
    await log.forgetChat("message", CHAT);
    const ids = Array.from({ length: 100 }, (_, n) => `A${n}`);
    expect(await idsOf(log, [...ids, "last"])).toEqual(ids.filter((_, n) => n % 10 === 0));
    expect(await idsOf(log, ["kept"], "secret")).toEqual(["kept"]);
    await account.close();
    const { account: next, log: nextLog } = await world.open();
    expect(await idsOf(nextLog, [...ids, "last"])).toEqual(ids.filter((_, n) => n % 10 === 0));
    expect((await segments(next)).length).toBe(10);
    await next.close();
  });

  test("removes a damaged row of the chat", async () => {
    const world = new World();
    const { account, log } = await world.open();
    const head = new TextEncoder().encode(`\0X\0\0\u{1}${CHAT}\0`);
    const damaged = { log: "message", seq: 7, expiresAt: 9e9, head, payload: new Uint8Array([255]) };
    await account.store.putMessageSegments([damaged]);
    log.add("message", world.entry("A"));
    await account.flush();
    await log.forgetChat("message", CHAT);
    expect(await segments(account)).toEqual([]);
    await account.close();
  });

  test("brings nothing back by a row that is continued", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    await world.advance(20_000);
    log.add("message", world.entry("B", { chat: OTHER }));
    await log.forgetChat("message", CHAT);
    await world.advance(20_000);
    expect(await idsOf(log, ["A", "B"])).toEqual(["B"]);
    await account.close();
    expect(await idsOf((await world.open()).log, ["A", "B"])).toEqual(["B"]);
  });

  test("keeps entries that were saved while the database answered", async () => {
    const world = new World();
    const { account, log } = await world.open();
    // The first look for expired segments is over.
    await world.advance(60_000);
    log.add("message", world.entry("A"));
    await world.advance(20_000);
    world.duringRead = async () => {
      log.add("message", world.entry("B"));
      await log.makeDurable();
      world.duringRead = async () => {
        log.add("message", world.entry("C", { chat: OTHER }));
        await world.advance(20_000);
      };
    };
    await log.forgetChat("message", CHAT);
    expect(await idsOf(log, ["A", "C"])).toEqual(["C"]);
    await account.close();
  });
});

describe("MessageLog.expire", () => {
  test("removes segments whose last entry has expired", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    await world.advance(2 * 3_600_000);
    log.add("message", world.entry("B"));
    await account.flush();
    expect(await segments(account)).toEqual([1, 2]);
    await world.advance(23 * 3_600_000);
    expect(await segments(account)).toEqual([2]);
    await world.advance(3 * 3_600_000);
    expect(await segments(account)).toEqual([]);
    await account.close();
  });

  test("hands entries on to another kind in the commit of the removal", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.onExpire("message", (entries) =>
      entries.map((entry) => ({ kind: "secret", entry: { ...entry, expiresAt: entry.expiresAt + DAY_S } })),
    );
    log.add("message", world.entry("A"));
    log.add("message", world.entry("B"));
    await account.flush();
    world.commits.length = 0;
    await world.advance(26 * 3_600_000);
    const kinds = world.commits.filter((writes) =>
      writes.some(({ kind }) => kind.startsWith("messageSegment")),
    );
    expect(kinds.map((writes) => writes.map(({ kind }) => kind))[0]).toEqual([
      "messageSegment.put",
      "messageSegment.delete",
    ]);
    expect(await idsOf(log, ["A", "B"])).toEqual([]);
    expect(await idsOf(log, ["A", "B"], "secret")).toEqual(["A", "B"]);
    await account.close();
  });

  test("removes damaged segments, and goes on after a failure", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.onExpire("message", () => []);
    for (const id of ["A", "B"]) {
      log.add("message", world.entry(id));
      log.add("secret", world.entry(id));
      await world.advance(3_600_000);
    }
    await world.advance(20_000);
    world.failing.set("getMessageSegment", new BusyError("read: busy"));
    await world.advance(25 * 3_600_000);
    expect(await segments(account)).toEqual([1, 2]);
    expect(await segments(account, "secret")).toEqual([]);
    world.failing.set("getMessageSegment", new CorruptError("value: does not decrypt"));
    await world.advance(3_600_000);
    expect(await segments(account)).toEqual([]);
    await account.close();
  });

  test("removes the oldest segments above the limit of bytes", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.configure("message", { maxBytes: 300_000 });
    for (let n = 0; n < 20; n += 1) {
      log.add("message", world.entry(`A${n}`, { payload: new Uint8Array(50_000) }));
      await world.advance(4_500);
    }
    const stored = await account.store.listMessageSegments("message", 0, 100);
    const bytes = stored.reduce((sum, segment) => sum + segment.bytes, 0);
    expect(bytes).toBeLessThanOrEqual(300_000);
    expect(bytes).toBeGreaterThan(200_000);
    expect(await idsOf(log, ["A0", "A19"])).toEqual(["A19"]);
    await account.close();
  });

  test("is scheduled until the account closes, and logs a failure", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A", { expiresAt: 1 }));
    await account.flush();
    await world.advance(20_000);
    world.plan.next(new BusyError("commit: busy"));
    await world.advance(60_000);
    expect(world.host.logger.messages("warn")).toContain(
      "message log: expired segments could not be removed",
    );
    await world.advance(3_600_000);
    expect(await segments(account)).toEqual([]);
    await account.close();
    expect(world.host.scheduler.scheduled).toEqual([]);
  });

  test("keeps entries that were saved while the database answered", async () => {
    const world = new World();
    const { account, log } = await world.open();
    // The first look for expired segments is over.
    await world.advance(60_000);
    log.add("message", world.entry("A", { expiresAt: Math.floor(world.host.clock.nowMs() / 1_000) + 5 }));
    await world.advance(6_000);
    world.duringRead = async () => {
      log.add("message", world.entry("B"));
      await world.advance(20_000);
    };
    await log.expire();
    expect(await idsOf(log, ["B"])).toEqual(["B"]);
    await account.close();
  });
});

describe("messageLog", () => {
  test("is one of an account, and opens again after a failure", async () => {
    const world = new World();
    const { account, log } = await world.open();
    expect(await messageLog(account)).toBe(log);
    await account.close();
    const failing = memoryBackend();
    const list = failing.listMessageSegments.bind(failing);
    failing.listMessageSegments = () => Promise.reject(new BusyError("read: busy"));
    const other = await openAccount({ backend: failing, host: fakeHost() });
    await expect(messageLog(other)).rejects.toBeInstanceOf(BusyError);
    failing.listMessageSegments = list;
    expect(await messageLog(other)).toBeDefined();
    await other.close();
  });

  test("loses what belongs to an identity that is replaced", async () => {
    const world = new World();
    const { account, log } = await world.open();
    log.add("message", world.entry("A"));
    await account.flush();
    log.add("message", world.entry("B"));
    const device = await createDevice(fakeHost({ seed: 99 }));
    account.device.modifyDevice((draft) => Object.assign(draft, device));
    await account.flush();
    expect(await idsOf(log, ["A", "B"])).toEqual([]);
    await account.close();
  });

  test("tries no further flush after another process has opened the account", async () => {
    const world = new World();
    const { log } = await world.open();
    const { scheduler } = world.host;
    await world.open();
    log.add("message", world.entry("A"));
    await scheduler.advance(10_000);
    expect(scheduler.scheduled.filter((name) => name.endsWith("message-log.flush"))).toEqual([]);
    expect(() => log.add("message", world.entry("B"))).toThrow(FencedError);
  });

  test("writes everything at the close", async () => {
    const world = new World();
    const { account, log } = await world.open();
    for (let n = 0; n < 50; n += 1) log.add("message", world.entry(`A${n}`));
    await account.close();
    const { log: next } = await world.open();
    const ids = Array.from({ length: 50 }, (_, n) => `A${n}`);
    expect(await idsOf(next, ids)).toEqual(ids);
  });
});
