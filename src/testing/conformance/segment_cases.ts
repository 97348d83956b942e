import type { Backend, MessageSegment } from "../../backend/mod.ts";
import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes } from "./samples.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function segment(seq: number, head: string, rest: Partial<MessageSegment> = {}): MessageSegment {
  return { log: "message", seq, expiresAt: 100, head: bytes(head), payload: sampleBytes(seq, 40), ...rest };
}

async function found(backend: Backend, needle: string, limit = 10): Promise<number[]> {
  return (await backend.findMessageSegments("message", bytes(needle), limit)).map(({ seq }) => seq);
}

async function listed(backend: Backend, log = "message"): Promise<number[]> {
  return (await backend.listMessageSegments(log, 0, 100)).map(({ seq }) => seq);
}

/** Segments of many messages. */
export const segmentCases: readonly ConformanceCase[] = [
  {
    name: "message segment: is read by log and number, the last put wins",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.getMessageSegment("message", 1), undefined, "before");
      await backend.putMessageSegments([
        segment(1, "a"),
        segment(2, "b"),
        segment(1, "c", { log: "secret" }),
      ]);
      const last = segment(1, "aa", { expiresAt: 7, payload: new Uint8Array(0) });
      await backend.putMessageSegments([last]);
      await backend.putMessageSegments([]);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getMessageSegment("message", 1), last, "replaced, with an empty payload");
        equal(await open.getMessageSegment("message", 2), segment(2, "b"), "the other number");
        equal(await open.getMessageSegment("secret", 1), segment(1, "c", { log: "secret" }), "the other log");
        equal(await open.getMessageSegment("secret", 2), undefined, "another number");
      });
    },
  },
  {
    name: "message segment: is found by bytes of its head, the newest first",
    async run(harness) {
      const backend = await harness.open();
      await backend.putMessageSegments([
        segment(1, "\0A1\0A2\0"),
        segment(3, "\0A1\0"),
        segment(2, "\0A10\0B1\0"),
        segment(4, "\0A1\0", { log: "secret" }),
        segment(5, "", {}),
      ]);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await found(open, "\0A1\0"), [3, 1], "both, and neither a longer id nor another log");
        equal(await found(open, "\0A1\0", 1), [3], "one");
        equal(await found(open, "\0A1\0", 0), [], "none");
        equal(await found(open, "\0A2\0"), [1], "at the end");
        equal(await found(open, "\0B2\0"), [], "of no head");
        equal(await found(open, "%A1%"), [], "no pattern");
        const [first] = await open.findMessageSegments("message", bytes("B1"), 10);
        equal(first, { seq: 2, expiresAt: 100, payload: sampleBytes(2, 40) }, "the answer");
      });
    },
  },
  {
    name: "message segment: heads and terms of any bytes are compared exactly",
    async run(harness) {
      const backend = await harness.open();
      const heads = [[0xc3], [0xa9], [0xff, 0xfe], [0x27, 0x00, 0x22]].map((head) => new Uint8Array(head));
      await backend.putMessageSegments(heads.map((head, seq) => ({ ...segment(seq, ""), head })));
      for (const [seq, head] of heads.entries()) {
        const answer = await backend.findMessageSegments("message", head, 10);
        equal(
          answer.map((row) => row.seq),
          [seq],
          `by head ${seq}`,
        );
      }
      // Both halves of the UTF-8 form of "é" are heads, and the whole is none.
      equal(await found(backend, "é"), [], "a text");
    },
  },
  {
    name: "message segment: is listed in order, with its size, from a number on",
    async run(harness) {
      const backend = await harness.open();
      equal(await listed(backend), [], "of nothing");
      await backend.putMessageSegments([segment(300, "abc"), segment(2, ""), segment(10, "x")]);
      equal(
        await backend.listMessageSegments("message", 2, 10),
        [
          { seq: 10, expiresAt: 100, bytes: 41 },
          { seq: 300, expiresAt: 100, bytes: 43 },
        ],
        "after 2",
      );
      equal((await backend.listMessageSegments("message", 0, 2)).length, 2, "two");
      equal(await listed(backend, "secret"), [], "another log");
    },
  },
  {
    name: "message segment: deletion and expiry remove and count rows",
    async run(harness) {
      const backend = await harness.open();
      const times = [0, 9, 10, 11, Number.MAX_SAFE_INTEGER];
      await backend.putMessageSegments(times.map((expiresAt, seq) => segment(seq, "a", { expiresAt })));
      await backend.putMessageSegments([segment(1, "a", { log: "secret", expiresAt: 10 })]);
      const [deleted] = await backend.commit([
        {
          kind: "messageSegment.delete",
          keys: [
            { log: "message", seq: 0 },
            { log: "message", seq: 99 },
          ],
        },
      ]);
      equal(deleted, 1, "deleted");
      await backend.deleteMessageSegments([]);
      equal(await backend.deleteExpiredMessageSegments(8), 0, "before any");
      equal(await backend.deleteExpiredMessageSegments(10, 2), 2, "with a limit");
      equal(await backend.deleteExpiredMessageSegments(10), 1, "the rest, of both logs");
      equal(await found(backend, "a"), [4, 3], "left");
      equal(await listed(backend, "secret"), [], "left of the other log");
    },
  },
];
