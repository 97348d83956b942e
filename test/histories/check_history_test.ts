import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/testing/mod.ts";
import {
  ACCOUNT_MODEL,
  type AccountOp,
  type AccountState,
  type CommitOutcome,
  type KeyWrite,
  SERVICE,
} from "./account_model.ts";
import { checkHistory, type Operation } from "./check_history.ts";
import { settleHistory } from "./settle_history.ts";

const ANN = { owner: "ann", epoch: 1 };
const BEN = { owner: "ben", epoch: 2 };

/** An operation from one place to another. Without the second it has no answer. */
function at(calledAt: number, answeredAt: number | undefined, op: AccountOp): Operation<AccountOp> {
  return { client: `client of ${calledAt}`, calledAt, answeredAt, op };
}

function read(values: Readonly<Record<string, number | undefined>>): AccountOp {
  return { kind: "read", keys: Object.keys(values), values: Object.values(values) };
}

const DONE: CommitOutcome = { kind: "done", rows: [] };
const UNKNOWN: CommitOutcome = { kind: "unknown" };

function put(values: Readonly<Record<string, number | undefined>>, outcome: CommitOutcome = DONE): AccountOp {
  return { kind: "commit", writes: writesOf(values), guard: undefined, outcome };
}

/** A commit of an owner under its epoch. */
function under(
  { owner, epoch }: typeof ANN,
  values: Readonly<Record<string, number>>,
  outcome: CommitOutcome = DONE,
): AccountOp {
  const guard = { owner, minEpoch: epoch, maxEpoch: epoch };
  return { kind: "commit", writes: writesOf(values), guard, outcome };
}

/** A commit that takes the ownership. */
function take(from: typeof ANN | undefined, next: typeof ANN, outcome: CommitOutcome = DONE): AccountOp {
  const epoch = from?.epoch ?? 0;
  const guard = { owner: from?.owner, minEpoch: epoch, maxEpoch: epoch, next };
  return { kind: "commit", writes: [], guard, outcome };
}

function writesOf(values: Readonly<Record<string, number | undefined>>): KeyWrite[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

function culprit(history: readonly Operation<AccountOp>[]): AccountOp | undefined {
  return checkHistory(ACCOUNT_MODEL, history)?.operation.op;
}

function isInOrder(history: readonly Operation<AccountOp>[]): boolean {
  return culprit(history) === undefined;
}

describe("checkHistory accepts", () => {
  const histories: Readonly<Record<string, Operation<AccountOp>[]>> = {
    "a read beside a commit, with the value before it or after it": [
      at(1, 2, put({ a: 1 })),
      at(3, 10, put({ a: 2 })),
      at(4, 5, read({ a: 1 })),
      at(6, 7, read({ a: 2 })),
    ],
    "commits that took effect in another order than they were answered": [
      at(1, 6, put({ a: 1 })),
      at(2, 5, put({ a: 2 })),
      at(3, 4, read({ a: undefined })),
      at(7, 8, read({ a: 1 })),
    ],
    "a commit without an answer that took effect later": [
      at(1, undefined, put({ a: 1 }, UNKNOWN)),
      at(2, 3, read({ a: undefined })),
      at(4, 5, read({ a: 1 })),
    ],
    "a commit without an answer that never took effect": [
      at(1, undefined, put({ a: 1 }, UNKNOWN)),
      at(2, 3, put({ a: 2 })),
      at(4, 5, read({ a: 2 })),
    ],
    "a takeover without an answer, and a commit that it fences": [
      at(1, 2, take(undefined, ANN)),
      at(3, undefined, take(ANN, BEN, UNKNOWN)),
      at(4, 5, under(ANN, { a: 1 })),
      at(6, 7, under(ANN, { a: 2 }, { kind: "fenced" })),
      at(8, 9, { kind: "owner", answer: BEN }),
    ],
    "a command that takes the account from its owner": [
      at(1, 2, take(undefined, ANN)),
      at(3, 8, { kind: "command", write: { key: "p", value: 1 }, outcome: "done" }),
      at(4, 5, under(ANN, { a: 1 })),
      at(6, 7, { kind: "owner", answer: { owner: SERVICE, epoch: 2 } }),
      at(9, 10, read({ p: 1, a: 1 })),
    ],
    "a delete that found a row, and one that found none": [
      at(1, 2, put({ a: 1 })),
      at(3, 6, put({ a: undefined }, { kind: "done", rows: [0] })),
      at(4, 5, put({ a: undefined }, { kind: "done", rows: [1] })),
    ],
  };
  for (const [name, history] of Object.entries(histories))
    test(name, () => {
      expect(culprit(history)).toBeUndefined();
      expect(isInOrder(settleHistory(history))).toBe(true);
    });
});

describe("checkHistory refuses", () => {
  const histories: Readonly<Record<string, Operation<AccountOp>[]>> = {
    "a stale read": [at(1, 2, put({ a: 1 })), at(3, 4, put({ a: 2 })), at(5, 6, read({ a: 1 }))],
    "a read that goes back beside a commit": [
      at(1, 2, put({ a: 1 })),
      at(3, 10, put({ a: 2 })),
      at(4, 5, read({ a: 2 })),
      at(6, 7, read({ a: 1 })),
    ],
    "a lost update": [at(1, 2, put({ a: 1 })), at(3, 4, put({ a: 2 })), at(5, 6, read({ a: undefined }))],
    "a torn commit": [at(1, 6, put({ a: 1, b: 1 })), at(2, 3, read({ a: 1, b: undefined }))],
    "a commit that was seen in two halves": [
      at(1, 8, put({ a: 1, b: 1 })),
      at(2, 3, read({ a: 1 })),
      at(4, 5, read({ b: undefined })),
    ],
    "a commit after its owner was fenced": [
      at(1, 2, take(undefined, ANN)),
      at(3, 4, take(ANN, BEN)),
      at(5, 6, under(ANN, { a: 1 })),
    ],
    "a commit that was fenced without another owner": [
      at(1, 2, take(undefined, ANN)),
      at(3, 4, under(ANN, { a: 1 }, { kind: "fenced" })),
    ],
    "two takeovers from one owner": [
      at(1, 2, take(undefined, ANN)),
      at(3, 5, take(ANN, BEN)),
      at(4, 6, take(ANN, { owner: "eve", epoch: 2 })),
    ],
    "a commit that was applied twice": [
      at(1, 2, put({ a: 1 })),
      at(3, 4, put({ a: 2 })),
      at(5, 6, read({ a: 2 })),
      at(7, 8, read({ a: 1 })),
    ],
    "a commit without an answer that was applied twice": [
      at(1, undefined, put({ a: 1 }, UNKNOWN)),
      at(2, 3, read({ a: 1 })),
      at(4, 5, put({ a: 2 })),
      at(6, 7, read({ a: 1 })),
    ],
    "a late commit of a fenced epoch": [
      at(1, 2, take(undefined, ANN)),
      at(3, undefined, under(ANN, { a: 1 }, UNKNOWN)),
      at(4, 5, take(ANN, BEN)),
      at(6, 7, read({ a: undefined })),
      at(8, 9, read({ a: 1 })),
    ],
    "a delete that found the same row again": [
      at(1, 2, put({ a: 1 })),
      at(3, 5, put({ a: undefined }, { kind: "done", rows: [1] })),
      at(4, 6, put({ a: undefined }, { kind: "done", rows: [1] })),
    ],
    "a command under the ownership of a client": [
      at(1, 2, { kind: "command", write: { key: "p", value: 1 }, outcome: "done" }),
      at(3, 4, take({ owner: SERVICE, epoch: 1 }, BEN)),
      at(5, 6, { kind: "command", write: { key: "p", value: 2 }, outcome: "done" }),
      at(7, 8, { kind: "owner", answer: BEN }),
    ],
  };
  for (const [name, history] of Object.entries(histories))
    test(name, () => {
      expect(culprit(history)).toBe(history.at(-1)?.op);
      expect(isInOrder(settleHistory(history))).toBe(false);
    });

  test("and says what was possible", () => {
    const history = [
      at(1, 2, put({ a: 1 })),
      at(3, undefined, put({ a: 2 }, UNKNOWN)),
      at(4, 5, read({ a: 3 })),
    ];
    const found = checkHistory(ACCOUNT_MODEL, history);
    expect(found?.states.map(({ values }) => values.get("a"))).toEqual([1]);
    expect(found?.underWay).toEqual([history[1]]);
  });
});

describe("checkHistory agrees with the order that was drawn", () => {
  /** A history whose operations took effect in a known order, each somewhere between call and answer. */
  function drawn(seed: number): Operation<AccountOp>[] {
    const random = new SeededRandom(seed);
    let state: AccountState = ACCOUNT_MODEL.initial;
    return Array.from({ length: 60 }, (_, index): Operation<AccountOp> => {
      const key = "abc"[random.below(3)] as string;
      const isUnknown = random.below(20) === 0;
      const [calledAt, answeredAt] = [
        index - random.below(4) - random.below(99) / 100,
        index + random.below(4),
      ];
      const moment = answeredAt + random.below(99) / 100;
      if (random.below(2) === 0) {
        const op: AccountOp = { kind: "read", keys: [key], values: [state.values.get(key)] };
        return { client: "drawn", calledAt, answeredAt: moment, op };
      }
      const value = random.below(4) === 0 ? undefined : index;
      const rows = value !== undefined || state.values.has(key) ? 1 : 0;
      const outcome: CommitOutcome = isUnknown ? UNKNOWN : { kind: "done", rows: [rows] };
      const op: AccountOp = { kind: "commit", writes: [{ key, value }], guard: undefined, outcome };
      if (!isUnknown || random.below(2) === 0) state = ACCOUNT_MODEL.step(state, op) as AccountState;
      return { client: "drawn", calledAt, answeredAt: isUnknown ? undefined : moment, op };
    });
  }

  test("whatever overlaps", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      expect(checkHistory(ACCOUNT_MODEL, drawn(seed)), `seed ${seed}`).toBeUndefined();
      expect(isInOrder(settleHistory(drawn(seed))), `seed ${seed}, settled`).toBe(true);
    }
  });

  test("settled or not, when two answers are exchanged", () => {
    let wrong = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const history = drawn(seed).slice(0, 30);
      const reads = history.flatMap(({ op }, index) => (op.kind === "read" ? [index] : []));
      const index = reads[reads.length >> 1] as number;
      const one = history[index] as Operation<AccountOp> & { op: { kind: "read" } };
      const op = { ...one.op, values: [(one.op.values[0] ?? 2) - 1] };
      const changed = history.with(index, { ...one, op });
      expect(isInOrder(settleHistory(changed)), `seed ${seed}`).toBe(isInOrder(changed));
      if (!isInOrder(changed)) wrong += 1;
    }
    expect(wrong).toBeGreaterThan(20);
    expect(wrong).toBeLessThan(60);
  });

  test("and not with a value that was never written", () => {
    for (let seed = 1; seed <= 15; seed += 1) {
      const history = drawn(seed);
      const index = history.findLastIndex(({ op }) => op.kind === "read");
      const wrong = { ...(history[index] as Operation<AccountOp>) };
      const op = { ...(wrong.op as AccountOp & { kind: "read" }), values: [10_000] };
      expect(culprit(history.with(index, { ...wrong, op })), `seed ${seed}`).toBe(op);
    }
  });
});
