import { expect, test } from "vitest";
import { type Listener, Notifier } from "./mod.ts";

/** Lets every promise callback that is ready run. */
async function drained(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** Waits for each listener and notes the order in which they wake. */
function waitAll(listeners: Readonly<Record<string, Listener>>): string[] {
  const woken: string[] = [];
  for (const [name, listener] of Object.entries(listeners)) void listener.wait().then(() => woken.push(name));
  return woken;
}

test("listen registers before the condition is checked: a notify between check and wait is not lost", async () => {
  const notifier = new Notifier();
  let ready = false;
  const listener = notifier.listen();
  expect(ready).toBe(false);
  ready = true;
  expect(notifier.notify(1)).toBe(1);
  await listener.wait();
  expect(listener.notified).toBe(true);
});

test("a listener counts from listen on, whether or not it is waited for", () => {
  const notifier = new Notifier();
  notifier.listen();
  const second = notifier.listen();
  expect(notifier.listenerCount).toBe(2);
  expect(notifier.notify(2)).toBe(2);
  expect(notifier.listenerCount).toBe(0);
  expect(second.notified).toBe(true);
});

test("notify wakes at most n, in the order in which they registered", async () => {
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

test("notify skips those that are notified already, waited for or not", async () => {
  const notifier = new Notifier();
  const [a, b] = [notifier.listen(), notifier.listen()];
  expect(notifier.notify(1)).toBe(1);
  expect(notifier.notify(1)).toBe(1);
  expect([a.notified, b.notified]).toEqual([true, true]);
  expect(notifier.notify(1)).toBe(0);
});

test("a notification that nobody listens for is not kept", async () => {
  const notifier = new Notifier();
  expect(notifier.notify(5)).toBe(0);
  const listener = notifier.listen();
  const woken = waitAll({ listener });
  await drained();
  expect(woken).toEqual([]);
  expect(listener.notified).toBe(false);
});

test("a listener that is dropped while notified passes its wake-up on to the next", async () => {
  const notifier = new Notifier();
  const [a, b, c] = [notifier.listen(), notifier.listen(), notifier.listen()];
  const woken = waitAll({ b, c });
  notifier.notify(1);
  a.drop();
  await drained();
  expect(woken).toEqual(["b"]);
  expect(c.notified).toBe(false);
});

test("it passes the wake-up on also when it is waiting and its wait has not resolved yet", async () => {
  const notifier = new Notifier();
  const [a, b] = [notifier.listen(), notifier.listen()];
  const woken = waitAll({ a, b });
  notifier.notify(1);
  a.drop();
  await drained();
  expect(woken).toEqual(["b"]);
});

test("a wake-up that was passed on is passed on again, and lost when nobody is left", async () => {
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

test("a listener whose wait has resolved owes no wake-up any more", async () => {
  const notifier = new Notifier();
  const [a, b] = [notifier.listen(), notifier.listen()];
  notifier.notify(1);
  await a.wait();
  a.drop();
  await drained();
  expect(b.notified).toBe(false);
});

test("a listener that is dropped unnotified leaves no trace, and its wait never resolves", async () => {
  const notifier = new Notifier();
  const [a, b] = [notifier.listen(), notifier.listen()];
  const woken = waitAll({ a, b });
  a.drop();
  expect(notifier.listenerCount).toBe(1);
  expect(notifier.notify(2)).toBe(1);
  await drained();
  expect(woken).toEqual(["b"]);
});

test("dropping twice does nothing", async () => {
  const notifier = new Notifier();
  const [a, b, c] = [notifier.listen(), notifier.listen(), notifier.listen()];
  notifier.notify(1);
  a.drop();
  a.drop();
  expect([b.notified, c.notified]).toEqual([true, false]);
});

test("waiting again gives the same promise, before and after it resolved", async () => {
  const notifier = new Notifier();
  const listener = notifier.listen();
  const first = listener.wait();
  expect(listener.wait()).toBe(first);
  notifier.notify(1);
  await first;
  expect(listener.wait()).toBe(first);
});

test("listening inside a wake-up is a new registration that this notify does not reach", async () => {
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

test("a count that is no positive integer is a RangeError and wakes nobody", () => {
  const notifier = new Notifier();
  const listener = notifier.listen();
  for (const count of [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY]) {
    expect(() => notifier.notify(count)).toThrow(RangeError);
  }
  expect(listener.notified).toBe(false);
});

test("the loop of the example ends, however notify and check interleave", async () => {
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
