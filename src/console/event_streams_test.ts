import { describe, expect, test } from "vitest";
import { LimitError } from "../errors/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import type { EventStream } from "./event_stream.ts";
import { EventStreams } from "./event_streams.ts";

const isAllowed = async (): Promise<boolean> => true;

/** Reads what a stream has sent until it ends. */
async function textOf({ body }: EventStream): Promise<string> {
  const reader = body.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += new TextDecoder().decode(value);
  }
}

describe("EventStreams", () => {
  test("send events with ids, and heartbeats every 15 seconds", async () => {
    const host = fakeHost();
    const streams = new EventStreams(host);
    const stream = streams.open({ isAllowed });
    stream.send("accounts", ["a\nb"]);
    await host.scheduler.advance(31_000);
    stream.send("gone", []);
    stream.end();
    expect(await textOf(stream)).toBe(
      ': \n\nid: 1\nevent: accounts\ndata: ["a\\nb"]\n\n: \n\n: \n\nid: 2\nevent: gone\ndata: []\n\n',
    );
    expect(streams.size).toBe(0);
    await host.scheduler.advance(1_000);
    expect(host.scheduler.scheduled).toEqual([]);
  });

  test("are 32 at most, and end with the service", async () => {
    const host = fakeHost();
    const streams = new EventStreams(host);
    const open = Array.from({ length: 32 }, () => streams.open({ isAllowed }));
    expect(() => streams.open({ isAllowed })).toThrow(LimitError);
    open[0]?.end();
    streams.open({ isAllowed });
    streams.stop();
    expect(streams.size).toBe(0);
    expect(() => streams.open({ isAllowed })).toThrow(LimitError);
    expect(await textOf(open[1] as EventStream)).toBe(": \n\n");
  });

  test("cut a reader that reads nothing, and hold a bounded number of bytes for it", async () => {
    const host = fakeHost();
    const streams = new EventStreams(host);
    const slow = streams.open({ isAllowed });
    // The body takes the first piece by itself.
    await host.scheduler.advance(500);
    slow.send("accounts", []);
    await host.scheduler.advance(29_000);
    expect(slow.isOver).toBe(false);
    await host.scheduler.advance(2_000);
    expect(slow.isOver).toBe(true);
    await expect(textOf(slow)).rejects.toThrow("the reader is too slow");
    const flooded = streams.open({ isAllowed });
    for (let n = 0; n < 4 && !flooded.isOver; n += 1) flooded.send("accounts", "x".repeat(100_000));
    expect(flooded.isOver).toBe(true);
    expect(streams.size).toBe(0);
  });

  test("end when the token is refused, at once or with the next heartbeat, and not while no one knows", async () => {
    const host = fakeHost();
    const streams = new EventStreams(host);
    let answer: () => Promise<boolean> = async () => true;
    const stream = streams.open({ isAllowed: () => answer() });
    answer = async () => {
      throw new Error("the database does not answer");
    };
    await host.scheduler.advance(16_000);
    expect(stream.isOver).toBe(false);
    answer = async () => false;
    await streams.recheck();
    expect(stream.isOver).toBe(true);
    const other = streams.open({ isAllowed: () => answer() });
    await host.scheduler.advance(16_000);
    expect(other.isOver).toBe(true);
  });

  test("end when the reader leaves", async () => {
    const streams = new EventStreams(fakeHost());
    let ended = 0;
    const onEnd = (): void => {
      ended += 1;
    };
    const stream = streams.open({ isAllowed, onEnd });
    await stream.body.getReader().cancel();
    expect([streams.size, ended]).toEqual([0, 1]);
    stream.send("gone", []);
    stream.end();
    expect(ended).toBe(1);
  });
});
