import { describe, expect, test } from "vitest";
import { type Listener, Notifier } from "./mod.ts";

/** Runs every promise callback that is ready. */
async function drained(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** Waits for each listener and records the order in which they wake. */
function waitAll(listeners: Readonly<Record<string, Listener>>): string[] {
  const woken: string[] = [];
  for (const [name, listener] of Object.entries(listeners)) void listener.wait().then(() => woken.push(name));
  return woken;
}

describe("Notifier.listen", () => {
  test("keeps a notify between the check and the wait", async () => {
    const notifier = new Notifier();
    let ready = false;
    const listener = notifier.listen();
    expect(ready).toBe(false);
    ready = true;
    expect(notifier.notify(1)).toBe(1);
    await listener.wait();
    expect(listener.notified).toBe(true);
  });

  test("counts a listener before its wait", () => {
    const notifier = new Notifier();
    notifier.listen();
    const second = notifier.listen();
    expect(notifier.listenerCount).toBe(2);
    expect(notifier.notify(2)).toBe(2);
    expect(notifier.listenerCount).toBe(0);
    expect(second.notified).toBe(true);
  });
});

describe("Notifier.notify", () => {
  test("wakes at most n listeners in order of registration", async () => {
    const notifier = new Notifier();
    const [a, b, c] = [notifier.listen(), notifier.listen(), notifier.listen()];
    const woken = waitAll({ c, b, a });
    expect(notifier.notify(2)).toBe(2);
    await drained();
    expect(woken).toEqual(["a", "b"]);
    expect([a.notified, b.notified, c.notified]).toEqual([true, true, false]);
    expect(notifier.notify(Number.POSITIVE_INFINITY)).toBe(1);
    await drained();
    expect(woken).toEqual(["a", "b", "c"]);
  });

  test("skips listeners that are already notified", async () => {
    const notifier = new Notifier();
    const [a, b] = [notifier.listen(), notifier.listen()];
    expect(notifier.notify(1)).toBe(1);
    expect(notifier.notify(1)).toBe(1);
    expect([a.notified, b.notified]).toEqual([true, true]);
    expect(notifier.notify(1)).toBe(0);
  });

  test("does nothing without a listener", async () => {
    const notifier = new Notifier();
    expect(notifier.notify(5)).toBe(0);
    const listener = notifier.listen();
    const woken = waitAll({ listener });
    await drained();
    expect(woken).toEqual([]);
    expect(listener.notified).toBe(false);
  });
});

describe("Listener.drop", () => {
  test("passes the wake-up of a notified listener to the next", async () => {
    const notifier = new Notifier();
    const [a, b, c] = [notifier.listen(), notifier.listen(), notifier.listen()];
    const woken = waitAll({ b, c });
    notifier.notify(1);
    a.drop();
    await drained();
    expect(woken).toEqual(["b"]);
    expect(c.notified).toBe(false);
  });

  test("passes the wake-up on while a wait is pending", async () => {
    const notifier = new Notifier();
    const [a, b] = [notifier.listen(), notifier.listen()];
    const woken = waitAll({ a, b });
    notifier.notify(1);
    a.drop();
    await drained();
    expect(woken).toEqual(["b"]);
  });

  test("passes a wake-up on repeatedly, until no listener is left", async () => {
    const notifier = new Notifier();
    const [a, b, c] = [notifier.listen(), notifier.listen(), notifier.listen()];
    notifier.notify(1);
    a.drop();
    b.drop();
    expect(c.notified).toBe(true);
    c.drop();
    const late = notifier.listen();
    await drained();
    expect(late.notified).toBe(false);
  });

  test("passes nothing on after the wait has resolved", async () => {
    const notifier = new Notifier();
    const [a, b] = [notifier.listen(), notifier.listen()];
    notifier.notify(1);
    await a.wait();
    a.drop();
    await drained();
    expect(b.notified).toBe(false);
  });

  test("leaves the wait of an unnotified listener pending", async () => {
    const notifier = new Notifier();
    const [a, b] = [notifier.listen(), notifier.listen()];
    const woken = waitAll({ a, b });
    a.drop();
    expect(notifier.listenerCount).toBe(1);
    expect(notifier.notify(2)).toBe(1);
    await drained();
    expect(woken).toEqual(["b"]);
  });

  test("does nothing the second time", async () => {
    const notifier = new Notifier();
    const [a, b, c] = [notifier.listen(), notifier.listen(), notifier.listen()];
    notifier.notify(1);
    a.drop();
    a.drop();
    expect([b.notified, c.notified]).toEqual([true, false]);
  });
});

describe("Listener.wait", () => {
  test("returns the same promise before and after it resolves", async () => {
    const notifier = new Notifier();
    const listener = notifier.listen();
    const first = listener.wait();
    expect(listener.wait()).toBe(first);
    notifier.notify(1);
    await first;
    expect(listener.wait()).toBe(first);
  });
});

describe("Notifier.notify", () => {
  test("does not reach a listener registered inside a wake-up", async () => {
    const notifier = new Notifier();
    let inner: Listener | undefined;
    void notifier
      .listen()
      .wait()
      .then(() => {
        inner = notifier.listen();
      });
    notifier.notify(5);
    await drained();
    expect(inner?.notified).toBe(false);
    expect(notifier.listenerCount).toBe(1);
  });

  test("rejects counts that are not positive integers", () => {
    const notifier = new Notifier();
    const listener = notifier.listen();
    for (const count of [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(() => notifier.notify(count)).toThrow(RangeError);
    }
    expect(listener.notified).toBe(false);
  });

  test("never loses a wake-up between notify and check", async () => {
    for (let turns = 0; turns < 8; turns += 1) {
      const notifier = new Notifier();
      let ready = false;
      const untilReady = async () => {
        while (!ready) {
          const listener = notifier.listen();
          if (ready) return listener.drop();
          await listener.wait();
        }
      };
      const waiting = Promise.all([untilReady(), untilReady(), untilReady()]);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      notifier.notify(1);
      ready = true;
      notifier.notify(Number.POSITIVE_INFINITY);
      await waiting;
      expect(notifier.listenerCount).toBe(0);
    }
  });
});
