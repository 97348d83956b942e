import { describe, expect, test } from "vitest";
import { fakeHost } from "../testing/mod.ts";
import { declaredLength, readBody } from "./read_body.ts";

const OPTIONS = { contentType: "application/json", maxBytes: 10, host: fakeHost() };

function request(body: BodyInit | undefined, headers: Record<string, string> = {}): Request {
  return new Request("https://holdfast.example", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body }),
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  });
}

/** A body that counts how much of it was read. */
function counted(pieceBytes: number): {
  readonly body: ReadableStream<Uint8Array>;
  taken: number;
  cancelled: boolean;
} {
  const state = { body: undefined as unknown as ReadableStream<Uint8Array>, taken: 0, cancelled: false };
  state.body = new ReadableStream(
    {
      pull(controller) {
        state.taken += pieceBytes;
        controller.enqueue(new Uint8Array(pieceBytes));
      },
      cancel() {
        state.cancelled = true;
        return new Promise(() => {});
      },
    },
    { highWaterMark: 0 },
  );
  return state;
}

describe("readBody", () => {
  test("does not read a body whose declared length is too large", async () => {
    const state = counted(1);
    const declared = request(state.body, { "content-length": "11" });
    await expect(readBody(declared, OPTIONS)).rejects.toMatchObject({ code: "too-large" });
    expect(state.taken).toBe(0);
  });

  test("stops at the limit and does not wait for the end", async () => {
    for (const claim of [{}, { "content-length": "5" }, { "content-length": "many" }] as Record<
      string,
      string
    >[]) {
      const state = counted(4);
      await expect(readBody(request(state.body, claim), OPTIONS)).rejects.toMatchObject({
        code: "too-large",
      });
      expect(state).toMatchObject({ taken: 12, cancelled: true });
    }
  });

  test("rejects a body that breaks off as invalid", async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error("reset with secrets"));
      },
    });
    await expect(readBody(request(body), OPTIONS)).rejects.toMatchObject({
      code: "invalid",
      message: "read body: it broke off",
    });
  });

  test("gives up a body that stalls for a minute, and one that trickles", async () => {
    for (const everyMs of [undefined, 7_000]) {
      const host = fakeHost();
      let isCancelled = false;
      let pieces: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          pieces = controller;
        },
        cancel() {
          isCancelled = true;
        },
      });
      const read = readBody(request(body), { ...OPTIONS, host });
      const outcome = expect(read).rejects.toMatchObject({ name: "LimitError" });
      pieces?.enqueue(new Uint8Array(1));
      for (let ms = 0; ms < 59_000; ms += everyMs ?? 59_000) {
        await host.scheduler.advance(everyMs ?? 59_000);
        if (everyMs !== undefined && ms < 50_000) pieces?.enqueue(new Uint8Array(1));
      }
      expect(isCancelled).toBe(everyMs !== undefined);
      await host.scheduler.advance(1_000);
      await outcome;
      expect(isCancelled).toBe(true);
      // Nothing is left on the scheduler.
      expect(host.scheduler.scheduled).toEqual([]);
    }
  });

  test("joins pieces, and returns no bytes for no body", async () => {
    expect(await readBody(request("0123456789"), OPTIONS)).toHaveLength(10);
    expect(await readBody(request(undefined), OPTIONS)).toHaveLength(0);
  });
});

describe("declaredLength", () => {
  test("returns undefined for a length that is missing or malformed", () => {
    for (const text of [undefined, "", "many", "-1", "1.5", "1e3", "0x10", "NaN", "1, 1", "9".repeat(16)]) {
      const headers = new Headers(text === undefined ? {} : { "content-length": text });
      expect(declaredLength(headers), text).toBeUndefined();
    }
    expect(declaredLength(new Headers({ "content-length": "0" }))).toBe(0);
    expect(declaredLength(new Headers({ "content-length": "16777217" }))).toBe(16_777_217);
  });
});
