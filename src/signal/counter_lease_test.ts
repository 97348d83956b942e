import { describe, expect, test } from "vitest";
import { MAX_ARCHIVED_SESSIONS, type SendingChain } from "../ratchet/mod.ts";
import { CounterLease, MAX_LEASE_SIZE, type Pauses } from "./counter_lease.ts";

const NO_PAUSE: Pauses = { count: () => 0 };

function chain(id: string, next = 0): SendingChain {
  return { id, next, isResumed: false };
}

/** Sends until the lease has been raised this many times. Returns it, just after the last raise. */
function raised(times: number): CounterLease {
  const lease = new CounterLease(chain("c"), 0, 0);
  for (let left = times; left > 0; ) if (lease.advance(lease.next + 1, NO_PAUSE)) left -= 1;
  return lease;
}

describe("CounterLease.needsCommit", () => {
  test("counts steps up to the bound", () => {
    const lease = new CounterLease(chain("c", 3), 5, 0);
    expect([0, 1, 2, 3].map((steps) => lease.needsCommit(steps))).toEqual([false, false, false, true]);
  });
});

describe("CounterLease.hasReserve", () => {
  test("is true while the stored bound may be above the counter", () => {
    expect(new CounterLease(chain("c", 3), 4, 0).hasReserve).toBe(true);
    expect(new CounterLease(chain("c", 4), 4, 0).hasReserve).toBe(false);
    expect(new CounterLease(undefined, 0, 0).hasReserve).toBe(false);
  });
});

describe("CounterLease.renew", () => {
  test("raises the stored bound from half of a reservation of eight", () => {
    // Reservations of 1, 2 and 4: the next one is of 8.
    const lease = raised(3);
    expect([lease.next, lease.bound]).toEqual([4, 7]);
    lease.renew(NO_PAUSE);
    expect(lease.renewed).toBe(4 - 1 + 8);
    expect([lease.bound, lease.hasReserve]).toEqual([7, true]);
    expect(lease.toStored("i")).toEqual({ reservedUntil: 11, incarnation: "i", burned: 0 });
    lease.renewalStored(11);
    expect([lease.bound, lease.renewed]).toEqual([11, 0]);
    // The next reservation is of 16.
    for (let next = 5; next <= 11; next += 1) expect(lease.advance(next, NO_PAUSE)).toBe(false);
    expect(lease.advance(12, NO_PAUSE)).toBe(true);
    expect(lease.bound).toBe(11 + 16);
  });

  test("has a reserve by the renewed bound alone", () => {
    const lease = raised(3);
    for (let next = 5; next <= 7; next += 1) lease.advance(next, NO_PAUSE);
    lease.renew(NO_PAUSE);
    expect([lease.next, lease.bound, lease.renewed]).toEqual([7, 7, 14]);
    expect(lease.hasReserve).toBe(true);
  });

  test("does nothing for reservations of less than eight", () => {
    const lease = raised(2);
    lease.renew(NO_PAUSE);
    expect(lease.renewed).toBe(0);
  });

  test("does nothing while half of the next reservation is left", () => {
    // The bound is 7, and the next reservation is of 8: with 4 counters left it waits.
    const lease = new CounterLease(chain("c"), 0, 0);
    lease.advance(1, NO_PAUSE);
    lease.advance(2, NO_PAUSE);
    lease.advance(4, NO_PAUSE);
    expect([lease.next, lease.bound]).toEqual([4, 7]);
    lease.next = 3;
    lease.renew(NO_PAUSE);
    expect(lease.renewed).toBe(0);
    lease.next = 4;
    lease.renew(NO_PAUSE);
    expect(lease.renewed).toBe(11);
  });

  test("does nothing for a record that does not send", () => {
    const lease = raised(4);
    lease.stop();
    lease.renew(NO_PAUSE);
    expect([lease.renewed, lease.bound, lease.hasReserve]).toEqual([0, 0, false]);
  });

  test("limits reservations to what was used before a pause", () => {
    const lease = raised(3);
    lease.renew({ count: () => 1 });
    // Four were used, so the next reservation is of 4, which is not renewed.
    expect(lease.renewed).toBe(0);
  });

  test("never reserves more than the limit", () => {
    const lease = raised(8);
    while (lease.bound > lease.next) lease.advance(lease.next + 1, NO_PAUSE);
    for (let renewal = 0; renewal < 3; renewal += 1) {
      lease.renew(NO_PAUSE);
      expect(lease.renewed).toBe(lease.next - 1 + MAX_LEASE_SIZE);
      lease.renewalStored(lease.renewed);
      while (lease.bound > lease.next) lease.advance(lease.next + 1, NO_PAUSE);
    }
  });
});

describe("CounterLease.renewalStored", () => {
  test("applies only the latest renewal", () => {
    const lease = raised(3);
    lease.renew(NO_PAUSE);
    lease.renewalStored(10);
    lease.renewalStored(0);
    expect([lease.bound, lease.renewed]).toEqual([7, 11]);
  });

  test("never lowers the bound", () => {
    const lease = raised(3);
    lease.renew(NO_PAUSE);
    lease.bound = 40;
    lease.renewalStored(11);
    expect(lease.bound).toBe(40);
  });

  test.each([
    ["release", (lease: CounterLease) => lease.release(), 4],
    ["stop", (lease: CounterLease) => lease.stop(), 0],
    ["follow", (lease: CounterLease) => lease.follow(chain("d"), "start", "strict"), 0],
  ])("applies none that was written before `%s`", (_, end, bound) => {
    const lease = raised(3);
    lease.renew(NO_PAUSE);
    end(lease);
    expect(lease.renewed).toBe(0);
    lease.renewalStored(11);
    expect(lease.bound).toBe(bound);
  });
});

describe("CounterLease.advance", () => {
  test("counts no use when the counter stays", () => {
    const lease = raised(3);
    // Three receipts are no uses: four counters were used, so the first reservation after the pause is of 4.
    for (let receipt = 0; receipt < 3; receipt += 1) expect(lease.advance(4, NO_PAUSE)).toBe(false);
    lease.release();
    expect(lease.advance(5, { count: () => 1 })).toBe(true);
    expect(lease.bound).toBe(5 - 1 + 4);
  });

  test("limits reservations after each pause to the uses since the one before", () => {
    const lease = raised(4);
    lease.release();
    let pause = 1;
    const pauses: Pauses = { count: () => pause };
    for (const expected of [8, 1, 1]) {
      const before = lease.next;
      expect(lease.advance(before + 1, pauses)).toBe(true);
      expect(lease.bound - before).toBe(expected);
      lease.release();
      pause += 1;
    }
  });
});

describe("CounterLease.forfeit", () => {
  test("burns the keys since the last published message, once", () => {
    const lease = new CounterLease(chain("c", 5), 9, 2);
    lease.advance(8, NO_PAUSE);
    expect(lease.forfeit()).toBe(3);
    expect(lease.forfeit()).toBe(0);
    expect(lease.burned).toBe(5);
  });

  test("burns none of the published ones", () => {
    const lease = new CounterLease(chain("c", 5), 9, 0);
    lease.advance(8, NO_PAUSE);
    lease.markPublished();
    expect(lease.forfeit()).toBe(0);
    lease.markPublished(7);
    expect(lease.forfeit()).toBe(1);
  });

  test("burns none when more counts as published than was taken", () => {
    const lease = new CounterLease(chain("c", 5), 9, 0);
    lease.markPublished(8);
    expect(lease.forfeit()).toBe(0);
    expect(lease.burned).toBe(0);
  });

  test("counts from 0 after a step, and from the chain's counter after a start", () => {
    const stepped = raised(3);
    stepped.follow(chain("d", 2), "step", "relaxed");
    stepped.advance(2, NO_PAUSE);
    expect(stepped.forfeit()).toBe(2);
    const started = raised(3);
    started.follow(chain("d", 2), "start", "relaxed");
    started.advance(2, NO_PAUSE);
    expect(started.forfeit()).toBe(0);
  });
});

describe("CounterLease.follow", () => {
  test("lends at most one lease to a step, and only when relaxed", () => {
    for (const [durability, bound, expected] of [
      ["relaxed", 40, 40],
      ["relaxed", 200, MAX_LEASE_SIZE],
      ["strict", 40, 0],
    ] as const) {
      const lease = new CounterLease(chain("c", 3), bound, 0);
      lease.follow(chain("d"), "step", durability);
      expect([lease.chain, lease.next, lease.bound]).toEqual(["d", 0, expected]);
    }
  });

  test("lends nothing to a start or a resumed chain", () => {
    for (const change of ["start", "resume"] as const) {
      const lease = new CounterLease(chain("c", 3), 40, 0);
      lease.follow(chain("d", 6), change, "relaxed");
      expect(lease.bound).toBe(0);
    }
  });

  test("takes the counter of a resumed chain, and 0 for any other", () => {
    const lease = new CounterLease(chain("c", 3), 40, 0);
    lease.follow(chain("d", 6), "start", "strict");
    expect(lease.next).toBe(0);
    lease.follow(chain("c", 7), "resume", "strict");
    expect(lease.next).toBe(7);
  });

  test("gives a resumed chain back its burned keys, and none to any other", () => {
    const lease = new CounterLease(chain("c", 3), 40, 9);
    lease.follow(chain("d"), "start", "strict");
    expect(lease.burned).toBe(0);
    lease.burned = 4;
    lease.follow(chain("c", 3), "resume", "strict");
    expect(lease.burned).toBe(9);
    lease.follow(chain("unknown", 3), "resume", "strict");
    expect(lease.burned).toBe(0);
  });
});

describe("CounterLease.isBehind", () => {
  test("compares with the last counter of the present and of retired chains", () => {
    const lease = new CounterLease(chain("c", 3), 40, 0);
    lease.follow(chain("d"), "start", "strict");
    lease.advance(2, NO_PAUSE);
    expect([1, 2].map((next) => lease.isBehind(chain("d", next)))).toEqual([true, false]);
    expect([2, 3].map((next) => lease.isBehind(chain("c", next)))).toEqual([true, false]);
    expect(lease.isBehind(chain("unknown", 0))).toBe(false);
  });

  test("forgets a chain after a step, which never returns", () => {
    const lease = new CounterLease(chain("c", 3), 40, 0);
    lease.follow(chain("d"), "step", "strict");
    expect(lease.isBehind(chain("c", 0))).toBe(false);
  });

  test("remembers as many retired chains as a record archives", () => {
    const lease = new CounterLease(undefined, 0, 0);
    for (let index = 0; index <= MAX_ARCHIVED_SESSIONS; index += 1) {
      lease.follow(chain(`${index}`), "start", "strict");
      lease.next = 5;
    }
    // All but the present one are retired.
    expect(lease.isBehind(chain("0", 4))).toBe(true);
    lease.follow(chain("one more"), "start", "strict");
    expect(lease.isBehind(chain("0", 4))).toBe(false);
    expect(lease.isBehind(chain("1", 4))).toBe(true);
  });
});

describe("CounterLease without a chain", () => {
  test("resumes one from an archive, and remembers none before it", () => {
    const lease = new CounterLease(undefined, 0, 0);
    lease.next = 5;
    lease.follow(chain("c", 3), "resume", "strict");
    expect([lease.next, lease.burned, lease.bound]).toEqual([3, 0, 0]);
    expect(lease.isBehind(chain("", 4))).toBe(false);
  });
});

describe("CounterLease.copy", () => {
  test("continues as the original would", () => {
    const lease = raised(4);
    lease.burned = 3;
    lease.follow(chain("d"), "start", "strict");
    lease.advance(1, NO_PAUSE);
    lease.burned = 2;
    const copy = lease.copy();
    for (const one of [lease, copy]) {
      expect([one.chain, one.next, one.bound, one.burned]).toEqual(["d", 1, 16, 2]);
      expect(one.isBehind(chain("c", 7))).toBe(true);
      one.advance(20, NO_PAUSE);
      expect(one.bound).toBe(19 + 32);
      expect(one.forfeit()).toBe(20);
    }
  });

  test("counts uses and pauses as the original would", () => {
    const lease = raised(3);
    lease.advance(9, { count: () => 7 });
    const copy = lease.copy();
    for (const one of [lease, copy]) {
      one.release();
      one.advance(10, { count: () => 7 });
      expect(one.bound).toBe(9 + 8);
      one.release();
      one.advance(11, { count: () => 8 });
      expect(one.bound).toBe(10 + 2);
    }
  });

  test("shares no retired chains with the original", () => {
    const lease = raised(2);
    lease.follow(chain("d"), "start", "strict");
    const copy = lease.copy();
    copy.next = 6;
    copy.follow(chain("e"), "start", "strict");
    expect(copy.isBehind(chain("d", 5))).toBe(true);
    lease.follow(chain("f"), "start", "strict");
    expect(lease.isBehind(chain("d", 5))).toBe(false);
  });
});
