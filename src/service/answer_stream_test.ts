import { describe, expect, test } from "vitest";
import { fakeHost } from "../testing/mod.ts";
import { type AnswerStream, openStream } from "./answer_stream.ts";

interface Opened {
  readonly stream: AnswerStream;
  readonly host: ReturnType<typeof fakeHost>;
  readonly events: string[];
}

/** A stream of three pieces, and what became of it. */
function open(): Opened {
  const host = fakeHost();
  const events: string[] = [];
  async function* source(): AsyncIterable<Uint8Array> {
    try {
      for (const byte of [1, 2, 3]) yield new Uint8Array([byte]);
    } finally {
      events.push("closed");
    }
  }
  const stream = openStream(source(), { ...host, name: "answer", onEnd: () => events.push("ended") });
  void stream.answer.cut?.then(() => events.push("told"));
  return { stream, host, events };
}

describe("openStream", () => {
  test("ends once when everything was read", async () => {
    const { stream, events } = open();
    const bytes: number[] = [];
    for await (const [byte = 0] of stream.answer) bytes.push(byte);
    stream.cut(new Error("late"));
    expect([bytes, events]).toEqual([
      [1, 2, 3],
      ["closed", "ended"],
    ]);
  });

  test("ends when its reader stops", async () => {
    const { stream, events } = open();
    for await (const _ of stream.answer) break;
    expect(events).toEqual(["closed", "ended"]);
  });

  test("is cut when its reader stalls for 30 seconds", async () => {
    const { stream, host, events } = open();
    const reader = stream.answer[Symbol.asyncIterator]();
    await reader.next();
    await host.scheduler.advance(29_000);
    await reader.next();
    await host.scheduler.advance(29_000);
    expect(events).toEqual([]);
    await host.scheduler.advance(2_000);
    expect(events.toSorted()).toEqual(["closed", "ended", "told"]);
    await expect(reader.next()).rejects.toThrow("stalled");
  });

  test("is cut after the piece that is being produced", async () => {
    const { stream, events } = open();
    const reader = stream.answer[Symbol.asyncIterator]();
    const piece = reader.next();
    stream.cut(new Error("the account was deleted"));
    await expect(piece).rejects.toThrow("deleted");
    expect(events.toSorted()).toEqual(["closed", "ended", "told"]);
  });
});
