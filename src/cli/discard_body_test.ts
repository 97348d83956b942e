import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { discardBody } from "./discard_body.ts";

const LIMITS = { bytes: 100, idleMs: 1_000, totalMs: 5_000 };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A body of pieces of one size, one after each pause. `pulled` counts them. */
function body(pieces: number, bytes: number, pauseMs: number) {
  const counts = { pulled: 0 };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        if (counts.pulled === pieces) return controller.close();
        counts.pulled += 1;
        controller.enqueue(new Uint8Array(bytes));
      },
    },
    { highWaterMark: 0 },
  );
  return { counts, stream };
}

/** Milliseconds until the body is given up or read. */
async function discardedAfterMs(stream: ReadableStream<Uint8Array>): Promise<number> {
  const startedAt = Date.now();
  const done = discardBody(stream, LIMITS).then(() => Date.now() - startedAt);
  await vi.advanceTimersByTimeAsync(20_000);
  return await done;
}

describe("discardBody", () => {
  test("reads all of a slow body that keeps coming", async () => {
    const { counts, stream } = body(4, 10, 900);
    expect(await discardedAfterMs(stream)).toBe(4_500);
    expect(counts.pulled).toBe(4);
  });

  test("gives up a body that has stopped", async () => {
    const { counts, stream } = body(4, 10, 1_100);
    expect(await discardedAfterMs(stream)).toBe(1_000);
    expect(counts.pulled).toBeLessThan(4);
  });

  test("gives up a body that never ends", async () => {
    const { stream } = body(1_000, 1, 900);
    expect(await discardedAfterMs(stream)).toBe(5_000);
  });

  test("reads no more than its bytes", async () => {
    const { counts, stream } = body(1_000, 60, 1);
    await discardedAfterMs(stream);
    expect(counts.pulled).toBe(2);
  });

  test("ends with a body that fails, and leaves no timer", async () => {
    const stream = new ReadableStream<Uint8Array>({
      pull: () => Promise.reject(new Error("the client is gone")),
    });
    expect(await discardedAfterMs(stream)).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
