import { describe, expect, test } from "vitest";
import { type Flight, SingleFlight } from "./_single_flight.ts";

/** Work that ends when the test says so. */
function pendingWork<R = string>() {
  let resolve: (result: R) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const ended = new Promise<R>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  const flights: Flight[] = [];
  const work = (flight: Flight): Promise<R> => {
    flights.push(flight);
    return ended;
  };
  return { work, flights, resolve, reject };
}

const unused = (): never => {
  throw new Error("this work must not run");
};

async function turn(): Promise<void> {
  for (let count = 0; count < 10; count += 1) await Promise.resolve();
}

describe("SingleFlight.run", () => {
  test("runs one work per key and answers all of its callers", async () => {
    const flights = new SingleFlight<string>();
    const [a, b] = [pendingWork(), pendingWork()];
    const calls = [flights.run("a", a.work, undefined), flights.run("a", unused, undefined)];
    const other = flights.run("b", b.work, undefined);
    expect(flights.size).toBe(2);
    a.resolve("for a");
    expect(await Promise.all(calls)).toEqual(["for a", "for a"]);
    expect(flights.size).toBe(1);
    b.resolve("for b");
    expect(await other).toBe("for b");
    expect(flights.size).toBe(0);
  });

  test("rejects all callers with the error, and the next one starts again", async () => {
    const flights = new SingleFlight<string>();
    const { work, reject } = pendingWork();
    const calls = [flights.run("a", work, undefined), flights.run("a", unused, undefined)];
    reject(new Error("failed"));
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe("rejected");
    expect(await flights.run("a", () => "again", undefined)).toBe("again");
  });

  test("takes an error that work throws at once", async () => {
    const flights = new SingleFlight<string>();
    await expect(flights.run("a", unused, undefined)).rejects.toThrow("must not run");
    expect(flights.size).toBe(0);
  });

  test("does not start for a signal that is aborted", async () => {
    const flights = new SingleFlight<string>();
    const reason = new Error("given up");
    await expect(flights.run("a", unused, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(flights.size).toBe(0);
  });

  test("cancels one caller and answers the others", async () => {
    const flights = new SingleFlight<string>();
    const { work, resolve } = pendingWork();
    const controller = new AbortController();
    const reason = new Error("given up");
    const first = flights.run("a", work, controller.signal);
    const second = flights.run("a", unused, undefined);
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    resolve("done");
    expect(await second).toBe("done");
  });

  test("runs the work of the next caller when a cancelled one's fails", async () => {
    const flights = new SingleFlight<string>();
    const { work, reject } = pendingWork();
    const controller = new AbortController();
    const first = flights.run("a", work, controller.signal).catch(() => "cancelled");
    const second = flights.run("a", () => "second", undefined);
    controller.abort(new Error("given up"));
    reject(new Error("failed"));
    expect(await first).toBe("cancelled");
    expect(await second).toBe("second");
    expect(flights.size).toBe(0);
  });

  test("runs no other work when one fails that is not cancelled", async () => {
    const flights = new SingleFlight<string>();
    const { work, reject } = pendingWork();
    const controller = new AbortController();
    const first = flights.run("a", work, controller.signal);
    const second = flights.run("a", unused, undefined);
    reject(new Error("failed"));
    await expect(first).rejects.toThrow("failed");
    await expect(second).rejects.toThrow("failed");
  });

  test("ends without a caller when the only one is cancelled and its work fails", async () => {
    const flights = new SingleFlight<string>();
    const { work, reject } = pendingWork();
    const controller = new AbortController();
    const only = flights.run("a", work, controller.signal);
    controller.abort(new Error("given up"));
    await expect(only).rejects.toThrow("given up");
    expect(flights.size).toBe(1);
    reject(new Error("failed"));
    await turn();
    expect(flights.size).toBe(0);
  });

  test("listens to a signal once, and only while the work runs", async () => {
    const flights = new SingleFlight<string>();
    const { signal } = new AbortController();
    const listeners: unknown[] = [];
    const added = signal.addEventListener.bind(signal);
    const options: unknown[] = [];
    signal.addEventListener = (type: string, listener: never, how: never) => {
      listeners.push(listener);
      options.push(how);
      added(type, listener, how);
    };
    const removed = signal.removeEventListener.bind(signal);
    signal.removeEventListener = (type: string, listener: never) => {
      listeners.splice(listeners.indexOf(listener), 1);
      removed(type, listener);
    };
    const { work, resolve } = pendingWork();
    const call = flights.run("a", work, signal);
    expect([listeners.length, options]).toEqual([1, [{ once: true }]]);
    resolve("done");
    await call;
    expect(listeners).toEqual([]);
  });
});

describe("SingleFlight.detach", () => {
  test("lets the work end for its callers, and later callers start their own", async () => {
    const flights = new SingleFlight<string>();
    const [old, fresh] = [pendingWork(), pendingWork()];
    const first = flights.run("a", old.work, undefined);
    expect(old.flights[0]?.attached).toBe(true);
    flights.detach("none");
    flights.detach("a");
    expect([old.flights[0]?.attached, flights.size]).toEqual([false, 0]);
    const second = flights.run("a", fresh.work, undefined);
    old.resolve("old");
    expect(await first).toBe("old");
    // The end of the old work has not ended the new flight.
    expect(flights.size).toBe(1);
    const third = flights.run("a", unused, undefined);
    fresh.resolve("fresh");
    expect(await Promise.all([second, third])).toEqual(["fresh", "fresh"]);
    expect(fresh.flights[0]?.attached).toBe(true);
  });
});

describe("SingleFlight.detachAll", () => {
  test("detaches every key", async () => {
    const flights = new SingleFlight<string>();
    const [a, b] = [pendingWork(), pendingWork()];
    const calls = [flights.run("a", a.work, undefined), flights.run("b", b.work, undefined)];
    flights.detachAll();
    expect(flights.size).toBe(0);
    expect([a, b].map(({ flights: [flight] }) => flight?.attached)).toEqual([false, false]);
    a.resolve("a");
    b.resolve("b");
    expect(await Promise.all(calls)).toEqual(["a", "b"]);
  });
});
