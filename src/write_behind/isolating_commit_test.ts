import { describe, expect, test } from "vitest";
import { FakeCommitter, sessionPut } from "../../test/support/account/engine.ts";
import type { Write } from "../backend/mod.ts";
import { BackendError, RefusedError } from "../errors/mod.ts";
import { IsolatingCommit, type Unit } from "./isolating_commit.ts";

const NONE: ReadonlySet<Unit> = new Set();

function unit(...keys: string[]): Unit {
  return { writes: keys.map((key) => sessionPut(key, 1)), checked: true };
}

function units(keys: string): Unit[] {
  return [...keys].map((key) => unit(key));
}

/** A committer that refuses these rows, and a run over it. */
function run(options: { poison?: string; style?: FakeCommitter["style"]; maxSends?: number } = {}) {
  const committer = new FakeCommitter();
  for (const key of options.poison ?? "") committer.poison.add(key);
  committer.style = options.style ?? "index";
  const commit = new IsolatingCommit(committer, options.maxSends ?? 256);
  const kinds = (some: readonly Unit[]): unknown[] => some.map((one) => commit.states.get(one)?.kind);
  /** The commits that were tried, each as the keys of its writes. */
  const tried = (): string[] => committer.tried.map((keys) => keys.join(""));
  return { committer, commit, kinds, tried };
}

const C = "committed";
const R = "refused";
const U = "unresolved";

describe("IsolatingCommit.run", () => {
  test("commits items before direct commits, in one commit, with the rows of each", async () => {
    const { commit, tried } = run();
    const [items, direct] = [[unit("a", "b"), unit("c")], units("d")];
    await commit.run(items, direct, NONE);
    expect(tried()).toEqual(["abcd"]);
    expect([...commit.states.values()]).toEqual([
      { kind: C, changed: [1, 1] },
      { kind: C, changed: [1] },
      { kind: C, changed: [1] },
    ]);
    expect([commit.commits, commit.failure]).toEqual([1, undefined]);
  });

  test("leaves out each named unit and says which of its writes was refused", async () => {
    const { commit, kinds, tried } = run({ poison: "ce" });
    const items = [unit("a"), unit("b", "c"), unit("d", "e"), unit("f")];
    await commit.run(items, [], NONE);
    expect(tried()).toEqual(["abcdef", "adef", "af"]);
    expect(kinds(items)).toEqual([C, R, R, C]);
    for (const refused of items.slice(1, 3)) {
      expect(commit.states.get(refused)).toMatchObject({ error: { writeIndex: 1 } });
    }
    expect(commit.failure).toBeUndefined();
  });

  test("leaves out the first unit when the first write is named", async () => {
    const { commit, kinds, tried } = run({ poison: "a" });
    const items = units("ab");
    await commit.run(items, [], NONE);
    expect([tried(), kinds(items)]).toEqual([
      ["ab", "b"],
      [R, C],
    ]);
  });

  test("tells the committer that the writes are checked", async () => {
    const told: unknown[] = [];
    const { capabilities } = new FakeCommitter();
    const commit = new IsolatingCommit(
      {
        capabilities,
        commit: async (writes, options) => {
          told.push(options);
          return writes.map(() => 1);
        },
      },
      1,
    );
    await commit.run(units("a"), [], NONE);
    expect(told).toEqual([{ checked: true }]);
  });

  test("keeps a refusal of the check as it is", async () => {
    const { commit } = run();
    const large: Unit = { writes: [{ kind: "session.put", address: "a", record: new Uint8Array(1_001) }] };
    await commit.run([large], [], NONE);
    const state = commit.states.get(large);
    expect(state).toMatchObject({ kind: R, error: { code: "refused", writeIndex: 0 } });
    expect(state?.kind === R && state.error.cause).not.toBeInstanceOf(RefusedError);
  });

  test("sends nothing again when all are refused", async () => {
    const { commit, kinds, tried } = run({ poison: "a" });
    const items = units("a");
    await commit.run(items, [], NONE);
    expect([tried(), kinds(items), commit.commits]).toEqual([["a"], [R], 0]);
  });

  test("finds an unnamed unit by halves", async () => {
    const { commit, kinds, tried } = run({ poison: "b", style: "unnamed" });
    const items = units("abcde");
    await commit.run(items, [], NONE);
    expect(tried()).toEqual(["abcde", "abc", "ab", "a", "b", "c", "de"]);
    expect(kinds(items)).toEqual([C, R, C, C, C]);
  });

  test("separates suspects first, each alone", async () => {
    const { commit, kinds, tried } = run({ poison: "b", style: "unnamed" });
    const items = units("abcd");
    await commit.run(items, [], new Set(items.slice(1, 3)));
    expect(tried()).toEqual(["abcd", "ad", "b", "c"]);
    expect(kinds(items)).toEqual([C, R, C, C]);
  });

  test("searches among the trusted ones when a suspect is not the cause", async () => {
    const { commit, kinds, tried } = run({ poison: "a", style: "unnamed" });
    const items = units("abc");
    await commit.run(items, [], new Set(items.slice(2)));
    expect(tried()).toEqual(["abc", "ab", "a", "b", "c"]);
    expect(kinds(items)).toEqual([R, C, C]);
  });

  test("halves when all are suspects", async () => {
    const { commit, kinds, tried } = run({ poison: "d", style: "unnamed" });
    const items = units("abcd");
    await commit.run(items, [], new Set(items));
    expect(tried()).toEqual(["abcd", "ab", "cd", "c", "d"]);
    expect(kinds(items)).toEqual([C, C, C, R]);
  });

  test("sends direct commits apart from items that were refused without a name", async () => {
    const { commit, kinds, tried } = run({ poison: "a", style: "unnamed" });
    const [items, direct] = [units("ab"), units("xy")];
    await commit.run(items, direct, NONE);
    expect(tried()).toEqual(["abxy", "a", "b", "xy"]);
    expect(kinds([...items, ...direct])).toEqual([R, C, C, C]);
  });

  test("sends direct commits one by one when their own are refused", async () => {
    for (const items of [[], units("a")]) {
      const { commit, kinds, tried } = run({ poison: "x", style: "unnamed" });
      const direct = units("xy");
      await commit.run(items, direct, NONE);
      expect(tried()).toEqual(items.length === 0 ? ["xy", "x", "y"] : ["axy", "a", "xy", "x", "y"]);
      expect(kinds(direct)).toEqual([R, C]);
    }
  });

  test("does not send a direct commit again that is decided", async () => {
    const { commit, kinds, tried } = run({ poison: "x" });
    const direct = units("xy");
    await commit.run(units("a"), direct, NONE);
    expect(tried()).toEqual(["axy", "ay"]);
    expect(kinds(direct)).toEqual([R, C]);
  });

  test("stops the search at the limit, but sends direct commits", async () => {
    const { commit, kinds, tried } = run({ poison: "abcd", style: "unnamed", maxSends: 2 });
    const [items, direct] = [units("abcd"), units("x")];
    await commit.run(items, direct, NONE);
    expect(tried()).toEqual(["abcdx", "ab", "x"]);
    expect(kinds([...items, ...direct])).toEqual([U, U, U, U, C]);
    expect(commit.states.get(items[0] as Unit)).toMatchObject({ error: expect.any(RefusedError) });
    expect(commit.failure).toBeUndefined();
  });

  test("ends at a failure, and leaves the rest unresolved with it", async () => {
    const { committer, commit, kinds, tried } = run({ poison: "a", style: "unnamed" });
    const down = new BackendError("commit: down");
    committer.failures.push(undefined, undefined, down);
    const [items, direct] = [units("abcd"), units("x")];
    await commit.run(items, direct, NONE);
    expect(tried()).toEqual(["abcdx", "ab", "a"]);
    expect(kinds([...items, ...direct])).toEqual([U, U, U, U, U]);
    expect(commit.failure).toBe(down);
    expect(commit.states.get(items[3] as Unit)).toEqual({ kind: U, error: down });
    await commit.probe();
    expect(tried()).toHaveLength(3);
  });

  test("makes an error of what is rejected without one", async () => {
    const { committer, commit } = run();
    committer.failures.push("down" as never);
    await commit.run(units("a"), [], NONE);
    expect(commit.failure).toBeInstanceOf(Error);
  });

  test("ignores an index that names no unit", async () => {
    for (const writeIndex of [-1, 2]) {
      const { committer, commit, kinds, tried } = run();
      committer.failures.push(new RefusedError("commit: constraint", { writeIndex }));
      const items = units("ab");
      await commit.run(items, [], NONE);
      expect(tried()).toEqual(["ab", "a", "b"]);
      expect(kinds(items)).toEqual([C, C]);
    }
  });

  test("refuses malformed units that were not checked, without sending them", async () => {
    const { commit, kinds, tried } = run();
    const malformed: Unit = {
      writes: [sessionPut("b", 1), { kind: "session.put", address: 5 } as unknown as Write],
    };
    const items = [unit("a"), malformed, { writes: [sessionPut("c", 1)] }];
    const direct = [{ ...malformed }];
    await commit.run(items, direct, NONE);
    expect(tried()).toEqual(["ac"]);
    expect(kinds([...items, ...direct])).toEqual([C, R, C, R]);
    expect(commit.states.get(malformed)).toMatchObject({ error: { code: "refused", writeIndex: 1 } });
    expect(commit.failure).toBeUndefined();
  });
});

describe("IsolatingCommit within the limits of the backend", () => {
  /** Lists of at most this many rows, whatever their bytes, or the other way round. */
  function limited(maxCommitRows: number, maxCommitBytes: number, poison = "") {
    const made = run({ poison, style: "unnamed" });
    made.committer.capabilities = { ...made.committer.capabilities, maxCommitRows, maxCommitBytes };
    return made;
  }

  test("fills each commit up to the limit of rows, and divides no unit", async () => {
    const { commit, tried } = limited(3, 1_000_000);
    await commit.run([unit("a"), unit("b", "c"), unit("d"), unit("e", "f", "g", "h"), unit("i")], [], NONE);
    expect(tried()).toEqual(["abc", "d", "efgh", "i"]);
    expect(commit.commits).toBe(4);
  });

  test("fills each commit up to the limit of bytes, with those of each row", async () => {
    // A write is 16 bytes: its kind, its address and four of the record. Its row counts as 64. Three fit exactly.
    const { commit, tried } = limited(100, 3 * (16 + 64));
    await commit.run(units("abcd"), [], NONE);
    expect(tried()).toEqual(["abc", "d"]);
  });

  test("sends no direct commit before an earlier piece is decided", async () => {
    const { commit, kinds, tried } = limited(2, 1_000_000, "a");
    const [items, direct] = [units("abc"), units("xy")];
    await commit.run(items, direct, NONE);
    expect(tried()).toEqual(["ab", "c", "a", "b", "xy"]);
    expect(kinds([...items, ...direct])).toEqual([R, C, C, C, C]);
  });

  test("needs both limits", async () => {
    for (const limit of [{ maxCommitRows: 1 }, { maxCommitBytes: 1 }]) {
      const { committer, commit, tried } = run();
      committer.capabilities = { ...committer.capabilities, ...limit };
      await commit.run(units("ab"), [], NONE);
      expect(tried()).toEqual(["ab"]);
    }
  });
});

describe("IsolatingCommit.runAlone", () => {
  test("sends each valid unit in a commit of its own", async () => {
    const { commit, kinds, tried } = run({ poison: "b" });
    const items = [...units("abc"), { writes: [{ kind: "session.put" } as unknown as Write] }];
    await commit.runAlone(items);
    expect(tried()).toEqual(["a", "b", "c"]);
    expect(kinds(items)).toEqual([C, R, C, R]);
  });
});

describe("IsolatingCommit.probe", () => {
  test("sends an empty commit", async () => {
    const { commit, tried } = run();
    await commit.probe();
    expect([tried(), commit.commits]).toEqual([[""], 1]);
  });
});
