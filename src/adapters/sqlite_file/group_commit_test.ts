import { describe, expect, test } from "vitest";
import { AmbiguousError, BackendError, BusyError, FencedError, RefusedError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import type { SqlResult, SqlStatement } from "../sqlite/mod.ts";
import { GroupCommit } from "./group_commit.ts";
import { SerialQueue } from "./serial_queue.ts";

/** A database that counts transactions. A statement `fail <class>` fails its transaction. */
class FakeDatabase {
  /** The statements of each transaction that was begun, joined. */
  readonly transactions: string[] = [];
  readonly committed: string[] = [];
  readonly failures = new Map<string, Error>();
  readonly queue = new SerialQueue();
  readonly group: GroupCommit;

  constructor() {
    this.group = new GroupCommit({
      queue: this.queue,
      logger: silentLogger,
      commit: (statements) => this.#commit(statements),
      endOfTurn: () => new Promise((resolve) => void setImmediate(resolve)),
    });
  }

  async #commit(statements: readonly SqlStatement[]): Promise<SqlResult[]> {
    const texts = statements.map(({ sql }) => sql);
    this.transactions.push(texts.join(" "));
    await Promise.resolve();
    for (const text of texts) {
      const failure = this.failures.get(text);
      if (failure !== undefined) throw failure;
    }
    this.committed.push(...texts);
    return texts.map((text) => ({ rows: [[text]], rowsAffected: 1 }));
  }

  /** A batch of one account: its guard, and one write. */
  add(name: string | number, bytes = 1): Promise<string> {
    const batch = [
      { sql: `guard-${name}`, params: [] },
      { sql: `${name}`, params: [new Uint8Array(bytes)] },
    ];
    const added = this.group.add(batch) ?? this.queue.run(() => this.#alone(batch));
    return added.then((results) => results.map(({ rows }) => String(rows[0]?.[0])).join());
  }

  #alone(batch: readonly SqlStatement[]): Promise<SqlResult[]> {
    this.group.seal();
    return this.#commit(batch);
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `a${index}`);

describe("GroupCommit", () => {
  test("commits what is ready in one turn in one transaction, and gives each its own results", async () => {
    const database = new FakeDatabase();
    const results = await Promise.all(names(100).map((name) => database.add(name)));
    expect(results).toEqual(names(100).map((name) => `guard-${name},${name}`));
    expect(database.transactions).toEqual([
      names(100)
        .map((name) => `guard-${name} ${name}`)
        .join(" "),
    ]);
  });

  test("takes what is called later in the same turn, and nothing of the next one", async () => {
    const database = new FakeDatabase();
    const first = database.add("a");
    await Promise.resolve();
    const second = database.add("b");
    await first;
    await second;
    await database.add("c");
    expect(database.transactions).toEqual(["guard-a a guard-b b", "guard-c c"]);
  });

  test("of 100 one is fenced, one refused and one oversized: 97 are committed once", async () => {
    const database = new FakeDatabase();
    database.failures.set("guard-a31", new FencedError("fenced", { cause: new Error("malformed JSON") }));
    database.failures.set("a13", new RefusedError("refused", { writeIndex: 1 }));
    const results = await Promise.allSettled(
      names(100).map((name) => database.add(name, name === "a57" ? 1_000_001 : 1)),
    );
    const failed = results.flatMap(({ status }, index) => (status === "rejected" ? [index] : []));
    expect(failed).toEqual([13, 31]);
    expect(results[13]).toMatchObject({ reason: { code: "refused", writeIndex: 1 } });
    expect(results[31]).toMatchObject({ reason: { code: "fenced" } });
    const applied = database.committed.filter((text) => !text.startsWith("guard"));
    expect(applied.toSorted()).toEqual(
      names(100)
        .filter((name) => name !== "a13" && name !== "a31")
        .toSorted(),
    );
    // One that fails, each of 99 alone, and the oversized one.
    expect(database.transactions).toHaveLength(1 + 99 + 1);
  });

  test("divides by number and by bytes, in order", async () => {
    const database = new FakeDatabase();
    await Promise.all(names(300).map((name) => database.add(name)));
    expect(database.transactions.map((texts) => texts.split(" ").length / 2)).toEqual([128, 128, 44]);
    database.transactions.length = 0;
    await Promise.all(names(5).map((name) => database.add(name, 400_000)));
    expect(database.transactions.map((texts) => texts.split(" ").length / 2)).toEqual([2, 2, 1]);
  });

  test("keeps the order of batches, also around one that does not join", async () => {
    const database = new FakeDatabase();
    await Promise.all([
      database.add("x1"),
      database.add("y1"),
      database.queue.run(async () => void database.committed.push("between")),
      database.add("x2"),
    ]);
    expect(database.committed.filter((text) => !text.startsWith("guard"))).toEqual([
      "x1",
      "y1",
      "x2",
      "between",
    ]);
    database.committed.length = 0;
    const large = (): Promise<string> => {
      database.group.seal();
      return database.add("large", 1_000_001);
    };
    await Promise.all([database.add("x1"), large(), database.add("x2")]);
    expect(database.committed.filter((text) => !text.startsWith("guard"))).toEqual(["x1", "large", "x2"]);
  });

  test("a batch waits for at most one transaction more than alone", async () => {
    const database = new FakeDatabase();
    database.failures.set("guard-a0", new FencedError("fenced"));
    const others = names(40).map((name) => database.add(name).catch(() => {}));
    const before = database.transactions.length;
    await database.add("strict");
    // Alone it would be behind the 40 others.
    expect(database.transactions.length - before).toBeLessThanOrEqual(40 + 1 + 1);
    await Promise.all(others);
    database.failures.clear();
    database.transactions.length = 0;
    const fine = names(40).map((name) => database.add(name));
    await database.add("strict");
    expect(database.transactions).toHaveLength(1);
    await Promise.all(fine);
  });

  test("a lost answer is one to each, and nothing is sent again", async () => {
    const database = new FakeDatabase();
    database.failures.set("a1", new AmbiguousError("lost"));
    const results = await Promise.allSettled(names(3).map((name) => database.add(name)));
    for (const result of results) expect(result).toMatchObject({ reason: { code: "ambiguous" } });
    expect(database.transactions).toHaveLength(1);
  });

  test("rejects all when the database stays busy", async () => {
    const database = new FakeDatabase();
    database.failures.set("a1", new BusyError("busy"));
    const results = await Promise.allSettled(names(3).map((name) => database.add(name)));
    for (const result of results) expect(result).toMatchObject({ reason: { code: "busy" } });
    expect(database.transactions).toHaveLength(1);
  });

  test("after a failure of the disk each has the result that it has alone", async () => {
    const database = new FakeDatabase();
    database.failures.set("a2", new BackendError("full"));
    const results = await Promise.allSettled(names(4).map((name) => database.add(name)));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  });
});
