import { describe, expect, test } from "vitest";
import { fakeHost } from "../testing/mod.ts";
import type { EventStream } from "./event_stream.ts";
import { EventStreams } from "./event_streams.ts";
import { LiveUpdates } from "./live_updates.ts";
import type { AccountRow, OpenState } from "./model.ts";

const OPEN: OpenState = {
  ...{ dirty: { must: 0, may: 0, bytes: 0 }, gated: 0, isolated: 0, commits: 1, rowsWritten: 1 },
  ...{ ambiguous: 0, saver: { state: "idle", failures: 0 }, caches: [] },
};

interface Sent {
  readonly event: string;
  readonly data: unknown;
}

/** A stream that keeps what it sends. */
function recorded(stream: EventStream): Sent[] {
  const sent: Sent[] = [];
  stream.send = (event, data) => void sent.push({ event, data });
  return sent;
}

function world() {
  const host = fakeHost();
  const asked: (readonly string[])[] = [];
  const gone = new Set<string>();
  const updates = new LiveUpdates({
    rows: async (names) => {
      asked.push(names);
      return names.filter((name) => !gone.has(name)).map((name): AccountRow => ({ name, health: "ok" }));
    },
    open: () => OPEN,
    changedByTime: () => [],
  });
  const streams = new EventStreams({ ...host, onTick: () => updates.send() });
  const follow = (account: string | undefined) => {
    const stream = streams.open({ isAllowed: async () => true, onEnd: () => end() });
    const end = updates.follow(stream, account);
    return { stream, sent: recorded(stream) };
  };
  return { host, asked, gone, updates, follow };
}

describe("LiveUpdates", () => {
  test("join a thousand changes to two updates a second, each account once", async () => {
    const { host, asked, updates, follow } = world();
    const { sent } = follow(undefined);
    for (let n = 0; n < 1_000; n += 1) {
      const point = { atMs: n, tookMs: 1, items: 1, rows: 1 };
      updates.note({ kind: "flush", account: `bot-${n % 10}`, point });
      if (n % 100 === 99) await host.scheduler.advance(100);
    }
    await host.scheduler.advance(500);
    expect(sent.length).toBeLessThanOrEqual(3);
    expect(asked.every((names) => names.length === 10)).toBe(true);
    expect(sent.every(({ event }) => event === "accounts")).toBe(true);
  });

  test("tell one account its flushes as a sum, its happenings in order, and its state when it changes", async () => {
    const { host, updates, follow } = world();
    const { sent } = follow("a");
    for (const [atMs, tookMs] of [
      [1, 9],
      [2, 4],
    ] as const)
      updates.note({ kind: "flush", account: "a", point: { atMs, tookMs, items: 2, rows: 3 } });
    updates.note({ kind: "flush", account: "b", point: { atMs: 1, tookMs: 1, items: 1, rows: 1 } });
    updates.note({ kind: "happening", account: "a", happening: { atMs: 3, kind: "opened", text: "x" } });
    await host.scheduler.advance(1_000);
    expect(sent).toEqual([
      { event: "accounts", data: [{ name: "a", health: "ok" }] },
      { event: "open", data: OPEN },
      { event: "flush", data: { atMs: 2, tookMs: 9, items: 4, rows: 6 } },
      { event: "happening", data: { atMs: 3, kind: "opened", text: "x" } },
    ]);
  });

  test("tell names that are gone, and ask nothing while no one follows", async () => {
    const { host, asked, gone, updates, follow } = world();
    updates.note({ kind: "row", account: "early" });
    await host.scheduler.advance(1_000);
    expect(asked).toEqual([]);
    const { stream, sent } = follow(undefined);
    gone.add("b");
    updates.note({ kind: "gone", account: "a" });
    updates.note({ kind: "row", account: "b" });
    await host.scheduler.advance(500);
    expect(sent).toEqual([{ event: "gone", data: ["a", "b"] }]);
    stream.end();
    updates.note({ kind: "row", account: "late" });
    await host.scheduler.advance(1_000);
    expect(asked).toEqual([["b"]]);
  });

  test("leave what is more than 250 rows or 64 KiB for the next update", async () => {
    const { host, asked, updates, follow } = world();
    const { sent } = follow(undefined);
    for (let n = 0; n < 300; n += 1) updates.note({ kind: "row", account: `bot-${n}` });
    await host.scheduler.advance(1_000);
    expect(asked.map(({ length }) => length)).toEqual([250, 50]);
    sent.length = 0;
    for (let n = 0; n < 100; n += 1) updates.note({ kind: "row", account: `${"x".repeat(1_000)}-${n}` });
    await host.scheduler.advance(2_000);
    expect(sent.length).toBeGreaterThan(1);
    for (const { data } of sent) expect(JSON.stringify(data).length).toBeLessThanOrEqual(65_538);
    expect(sent.flatMap(({ data }) => data)).toHaveLength(100);
  });

  test("read again what changes during a read, and what a read failed for", async () => {
    const asked: (readonly string[])[] = [];
    let onRead = async (): Promise<void> => {};
    const updates = new LiveUpdates({
      rows: async (names) => {
        asked.push(names);
        await onRead();
        return names.map((name): AccountRow => ({ name, health: "ok" }));
      },
      open: () => OPEN,
      changedByTime: () => [],
    });
    const streams = new EventStreams(fakeHost());
    updates.follow(streams.open({ isAllowed: async () => true }), undefined);
    updates.note({ kind: "row", account: "a" });
    onRead = async () => updates.note({ kind: "row", account: "a" });
    await updates.send();
    onRead = async () => {
      throw new Error("no database");
    };
    await expect(updates.send()).rejects.toThrow("no database");
    onRead = async () => {};
    await updates.send();
    await updates.send();
    expect(asked).toEqual([["a"], ["a"], ["a"]]);
  });
});
