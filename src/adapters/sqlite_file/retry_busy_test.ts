import { describe, expect, test } from "vitest";
import { BackendError, BusyError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { FakeClock, ManualScheduler } from "../../testing/mod.ts";
import { BusyRetry } from "./retry_busy.ts";

/** Runs an operation that fails `failures` times with `error`, and advances time during waits. */
async function attempt(
  failures: number,
  error: Error,
): Promise<{ answer: unknown; log: string[]; waitedMs: number }> {
  const clock = new FakeClock();
  const scheduler = new ManualScheduler(clock);
  const startMs = clock.nowMs();
  const log: string[] = [];
  let left = failures;
  const running = new BusyRetry({ logger: silentLogger, clock, scheduler })
    .run(
      async () => {
        log.push("try");
        if (left > 0) {
          left -= 1;
          throw error;
        }
        return "done";
      },
      async () => {
        log.push("recover");
      },
    )
    .catch((thrown: unknown) => thrown);
  let settled = false;
  void running.then(() => {
    settled = true;
  });
  while (!settled) {
    await scheduler.advance(1);
    await Promise.resolve();
  }
  return { answer: await running, log, waitedMs: clock.nowMs() - startMs };
}

describe("BusyRetry.run", () => {
  test("tries a successful operation once", async () => {
    expect(await attempt(0, new BusyError("busy"))).toMatchObject({ answer: "done", log: ["try"] });
  });

  test("recovers the connection before each wait, with growing waits", async () => {
    const { answer, log, waitedMs } = await attempt(3, new BusyError("busy"));
    expect(answer).toBe("done");
    expect(log).toEqual(["try", "recover", "try", "recover", "try", "recover", "try"]);
    expect(waitedMs).toBeGreaterThanOrEqual(5 + 10 + 20);
  });

  test("gives up after a few seconds", async () => {
    const busy = new BusyError("busy");
    const { answer, log, waitedMs } = await attempt(Number.POSITIVE_INFINITY, busy);
    expect(answer).toBe(busy);
    expect(log.at(-1)).toBe("recover");
    expect(waitedMs).toBeGreaterThan(2_000);
    expect(waitedMs).toBeLessThan(6_000);
  });

  test("does not retry other failures", async () => {
    const broken = new BackendError("broken");
    expect(await attempt(2, broken)).toMatchObject({ answer: broken, log: ["try"] });
  });
});
