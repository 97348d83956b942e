import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend, Write } from "../backend/mod.ts";
import { LimitError } from "../errors/mod.ts";
import { FakeClock } from "../testing/mod.ts";
import type { AccountLimits } from "./request_meter.ts";
import { StorageMeter } from "./storage_meter.ts";

const session = (id: number, bytes = 100): Write => ({
  kind: "session.put",
  address: `${5_511_000_000_000 + id}@c.us.0`,
  record: new Uint8Array(bytes).fill(1),
});

const removal = (id: number): Write => ({
  kind: "session.delete",
  address: `${5_511_000_000_000 + id}@c.us.0`,
});

/** An account over memory, and how often it was measured. */
function account(databaseBytes?: () => number): {
  readonly clock: FakeClock;
  readonly meter: StorageMeter;
  readonly measured: () => number;
  readonly commit: (writes: readonly Write[], limits: AccountLimits) => Promise<string>;
} {
  let measured = 0;
  const clock = new FakeClock();
  const bare = memoryBackend({ database: new MemoryDatabase(), account: "ann" });
  const snapshotDb = bare.snapshotDb.bind(bare);
  const backend: Backend = Object.assign(bare, {
    snapshotDb: (name: string) => {
      measured += 1;
      return snapshotDb(name);
    },
  });
  const meter = new StorageMeter({
    ...{ clock, backend: async () => backend },
    ...(databaseBytes === undefined ? {} : { databaseBytes }),
  });
  return {
    ...{ clock, meter, measured: () => measured },
    /** Commits what is admitted. Answers the limit that refuses it, or `done`. */
    commit: async (writes, limits) => {
      try {
        await meter.admit(writes, limits);
      } catch (error) {
        if (error instanceof LimitError) return error.limit?.rule ?? "";
        throw error;
      }
      await bare.commit(writes);
      return "done";
    },
  };
}

describe("StorageMeter.admit", () => {
  test("never measures an account without limits of what it stores", async () => {
    const { commit, measured } = account();
    expect(await commit([session(0)], {})).toBe("done");
    expect(await commit([session(1)], { requestsPerMinute: 5 })).toBe("done");
    expect(measured()).toBe(0);
  });

  test("measures once while commits stay below the limits", async () => {
    const { commit, measured } = account();
    for (let id = 0; id < 50; id += 1)
      expect(await commit([session(id)], { maxRows: 50, maxBytes: 50_000 })).toBe("done");
    expect(measured()).toBe(1);
  });

  test("measures again before it refuses, since rows were replaced or removed", async () => {
    const { clock, commit, measured } = account();
    const limits = { maxRows: 10 };
    for (let id = 0; id < 10; id += 1) expect(await commit([session(0)], limits)).toBe("done");
    clock.advance(1_000);
    expect(await commit([session(1)], limits)).toBe("done");
    expect(measured()).toBe(2);
    for (let id = 2; id < 10; id += 1) expect(await commit([session(id)], limits)).toBe("done");
    clock.advance(1_000);
    expect(await commit([session(10)], limits)).toBe("maxRows");
    expect(await commit([removal(3)], limits)).toBe("done");
    clock.advance(1_000);
    expect(await commit([session(10)], limits)).toBe("done");
    expect(measured()).toBe(4);
  });

  test("measures an account at its limit once a second, however often it is refused", async () => {
    const { clock, commit, measured } = account();
    for (let seconds = 0; seconds < 3; seconds += 1) {
      for (let tries = 0; tries < 20; tries += 1)
        expect(await commit([session(1)], { maxRows: 0 })).toBe("maxRows");
      clock.advance(1_000);
    }
    expect(measured()).toBe(3);
  });

  test("lets rows of chats that are there be replaced, and whatever removes or adds none", async () => {
    const { clock, commit } = account();
    const key = new Uint8Array(32).fill(5);
    const name = "120363@g.us:5511@c.us.0";
    const first: Write[] = [
      session(0),
      { kind: "identity.put", address: "5511@c.us.0", key },
      { kind: "senderKey.put", name, record: key },
    ];
    expect(await commit(first, {})).toBe("done");
    const limits = { maxRows: 0, maxBytes: 0 };
    expect(await commit(first, limits)).toBe("done");
    expect(await commit([{ kind: "preKey.remove", id: 1 }], limits)).toBe("done");
    expect(await commit([{ kind: "preKey.markUploaded", ids: [1] }], limits)).toBe("done");
    expect(await commit([{ kind: "sentMessage.expire", cutoff: 5 }], limits)).toBe("done");
    clock.advance(1_000);
    expect(await commit([...first, session(1)], limits)).toBe("maxBytes");
    expect(await commit([{ kind: "preKey.put", id: 1, record: key, uploaded: false }], limits)).toBe(
      "maxBytes",
    );
    expect(
      await commit(
        [{ kind: "tcToken.touchSender", jid: "5511@s.whatsapp.net", timestamp: 5 } as never],
        limits,
      ),
    ).toBe("maxBytes");
  });

  test("lets rows grow that are replaced, up to twice the limit of bytes", async () => {
    const { clock, commit, meter } = account();
    const ids = [0, 1, 2, 3];
    expect(
      await commit(
        ids.map((id) => session(id, 1_000)),
        {},
      ),
    ).toBe("done");
    const limits = { maxBytes: 4_000 };
    const outcomes: string[] = [];
    for (const id of ids) {
      clock.advance(1_000);
      outcomes.push(await commit([session(id, 2_500)], limits));
    }
    expect(outcomes).toEqual(["done", "done", "maxBytes", "maxBytes"]);
    for (const id of ids) expect(await commit([session(id, 900)], limits)).toBe("done");
    clock.advance(1_000);
    expect((await meter.measure(limits)).bytes).toBe(3_600);
  });

  test("measures once for many commits at once, and admits no more of them than there is room for", async () => {
    const { clock, commit, measured } = account();
    const burst = (from: number): Promise<string[]> =>
      Promise.all(Array.from({ length: 10 }, (_, id) => commit([session(from + id)], { maxRows: 3 })));
    expect((await burst(0)).filter((outcome) => outcome === "done")).toHaveLength(3);
    expect(measured()).toBe(1);
    clock.advance(1_000);
    expect((await burst(10)).filter((outcome) => outcome === "done")).toHaveLength(0);
    expect(measured()).toBe(2);
  });

  test("knows which limit refuses more, until more is admitted", async () => {
    const { clock, commit, meter } = account();
    const limits = { maxRows: 1 };
    expect(meter.usage).toEqual({ stored: undefined, refusal: undefined });
    expect(await commit([session(0)], limits)).toBe("done");
    expect(meter.usage).toEqual({ stored: { bytes: expect.any(Number), rows: 1 }, refusal: undefined });
    expect(await commit([session(1)], limits)).toBe("maxRows");
    expect(meter.usage.refusal).toEqual({ rule: "maxRows", allowed: 1 });
    // What may be written at the limit says nothing of what may not.
    expect(await commit([session(0)], limits)).toBe("done");
    expect(await commit([removal(0)], limits)).toBe("done");
    expect(meter.usage.refusal).toEqual({ rule: "maxRows", allowed: 1 });
    clock.advance(1_000);
    expect(await commit([session(1)], limits)).toBe("done");
    expect(meter.usage.refusal).toBeUndefined();
  });

  test("says what is stored of an account whose rows are replaced, and not the sum of its writes", async () => {
    const { clock, commit, measured, meter } = account();
    const known: (number | undefined)[] = [];
    for (let times = 0; times < 100; times += 1) {
      expect(await commit([session(0, 900)], { maxBytes: 20_000 })).toBe("done");
      known.push(meter.usage.stored?.bytes);
      clock.advance(1_000);
    }
    // Once it has reached the limit, and as often as it does so again.
    expect(known.slice(30).some((bytes = 20_000) => bytes < 3_000)).toBe(true);
    expect(measured()).toBeLessThan(10);
  });

  test("takes the size of the database where an account has one of its own, and counts no rows for it", async () => {
    let size = 40_960;
    const { clock, commit, measured, meter } = account(() => size);
    expect(await commit([session(0)], { maxBytes: 50_000 })).toBe("done");
    size = 53_248;
    clock.advance(1_000);
    expect(await meter.measure({ maxBytes: 50_000 })).toEqual({ bytes: 53_248 });
    expect(await commit([session(1)], { maxBytes: 50_000 })).toBe("maxBytes");
    expect(measured()).toBe(0);
    clock.advance(1_000);
    expect(await meter.measure({ maxRows: 5 })).toEqual({ bytes: 53_248, rows: 1 });
    expect(measured()).toBe(1);
  });
});
