import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServiceTarget } from "../targets/service_target.ts";
import { ForwardedConsole } from "./forwarded_console.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A service that does not answer. */
function silent() {
  const signals: AbortSignal[] = [];
  const send: ServiceTarget["send"] = (_method, _path, { signal } = {}) =>
    new Promise((_, reject) => {
      if (signal === undefined) return;
      signals.push(signal);
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const forwarded = new ForwardedConsole({ send } as unknown as ServiceTarget, async () => "id");
  const ask = (signal?: AbortSignal) =>
    forwarded.answer(new Request("http://x/v1/console/accounts", signal === undefined ? {} : { signal }));
  return { ask, signals };
}

test("gives up a service without an answer after 30 s, and one that its reader leaves", async () => {
  const { ask, signals } = silent();
  const reader = new AbortController();
  const answers = [ask(), ask(reader.signal)];
  await vi.advanceTimersByTimeAsync(29_000);
  reader.abort();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
  await vi.advanceTimersByTimeAsync(2_000);
  for (const answer of await Promise.all(answers)) expect(answer?.status).toBeGreaterThanOrEqual(500);
  expect(vi.getTimerCount()).toBe(0);
});

test("answers 429 while 64 requests are open", async () => {
  const { ask } = silent();
  const open = Array.from({ length: 64 }, () => ask());
  await vi.advanceTimersByTimeAsync(1);
  expect((await ask())?.status).toBe(429);
  await vi.advanceTimersByTimeAsync(31_000);
  await Promise.all(open);
});
