import { describe, expect, test } from "vitest";
import { LimitError } from "../errors/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { BackPressure } from "./back_pressure.ts";

const TASK = "ready";
const MAX_WAIT_MS = 1_000;

/** A back-pressure with as much room as the test says. */
function backPressure() {
  const host = fakeHost();
  const state = { room: 0, full: 0 };
  const pressure = new BackPressure({
    ...host,
    taskName: TASK,
    maxWaitMs: MAX_WAIT_MS,
    room: () => state.room,
    onFull: () => {
      state.full += 1;
    },
  });
  const admitted: number[] = [];
  const rejected: unknown[] = [];
  const write = (id: number): Promise<void> =>
    pressure.ready().then(
      () => void admitted.push(id),
      (error) => void rejected.push(error),
    );
  return { host, state, pressure, admitted, rejected, write };
}

async function turn(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await Promise.resolve();
}

describe("BackPressure.ready", () => {
  test("resolves at once while there is room and no caller waits", async () => {
    const { state, pressure, admitted, write } = backPressure();
    state.room = 1;
    await write(1);
    expect([admitted, state.full]).toEqual([[1], 0]);
    state.room = 0;
    void write(2);
    await turn();
    expect([admitted, pressure.waiting, state.full]).toEqual([[1], 1, 1]);
    // Not before those that wait.
    state.room = 5;
    void write(3);
    await turn();
    expect([admitted, pressure.waiting]).toEqual([[1], 2]);
  });

  test("admits as many writers as there is room for, in order", async () => {
    const { state, pressure, admitted, write } = backPressure();
    for (const id of [1, 2, 3]) void write(id);
    pressure.wake();
    await turn();
    expect(admitted).toEqual([]);
    state.room = 2;
    pressure.wake();
    await turn();
    expect([admitted, pressure.waiting]).toEqual([[1, 2], 1]);
  });

  test("takes 10,000 waiting writers", async () => {
    const { pressure, rejected, write } = backPressure();
    for (let id = 0; id < 10_000; id += 1) void write(id);
    await turn();
    expect(rejected).toEqual([]);
    await write(10_000);
    expect(rejected).toEqual([expect.any(LimitError)]);
    expect(pressure.waiting).toBe(10_000);
  });

  test("rejects each writer at its own deadline", async () => {
    const { host, pressure, rejected, write } = backPressure();
    void write(1);
    await host.scheduler.advance(400);
    void write(2);
    expect(host.scheduler.dueAtMs(TASK)).toBe(host.clock.nowMs() + 600);
    await host.scheduler.advance(599);
    expect(rejected).toEqual([]);
    await host.scheduler.advance(1);
    await turn();
    expect([rejected.length, pressure.waiting]).toEqual([1, 1]);
    await host.scheduler.advance(400);
    await turn();
    expect(rejected).toEqual([expect.any(LimitError), expect.any(LimitError)]);
    expect([pressure.waiting, host.scheduler.scheduled, host.scheduler.failures]).toEqual([0, [], []]);
  });
});

describe("BackPressure.changed", () => {
  test("asks for a flush while writers wait for room", async () => {
    const { state, pressure, write } = backPressure();
    pressure.changed();
    expect(state.full).toBe(0);
    void write(1);
    pressure.changed();
    expect(state.full).toBe(2);
    state.room = 1;
    pressure.wake();
    await turn();
    pressure.changed();
    expect(state.full).toBe(2);
  });
});

describe("BackPressure.close", () => {
  test("rejects all waiting writers and removes the task", async () => {
    const { host, pressure, rejected, write } = backPressure();
    for (const id of [1, 2]) void write(id);
    const error = new Error("closed");
    pressure.close(error);
    await turn();
    expect([rejected, pressure.waiting]).toEqual([[error, error], 0]);
    host.scheduler.register(TASK, async () => {});
  });
});
