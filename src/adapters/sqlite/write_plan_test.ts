import { expect, test } from "vitest";
import type { Device, Write } from "../../backend/mod.ts";
import { planWrites } from "./plan_writes.ts";
import { SCOPED_TABLES } from "./schema.ts";
import type { SqlResult } from "./sql_driver.ts";
import type { WritePlan } from "./write_plan.ts";

const LIMITS = { maxParameters: 32_766, maxSqlBytes: 1_000_000, maxValueBytes: 1_000_000 };

function plan(writes: readonly Write[]): WritePlan {
  return planWrites(writes, { accountId: 9, limits: LIMITS }, "alice");
}

function session(user: number): Write {
  return { kind: "session.put", address: `${user}@lid.0`, record: new Uint8Array([user]) };
}

function identity(user: number): Write {
  return { kind: "identity.put", address: `${user}@lid.0`, key: new Uint8Array(32).fill(user) };
}

/** Operation and table of each statement. */
function shapes(planned: WritePlan): string[] {
  return planned
    .statements()
    .map(({ sql }) => /(INSERT INTO|INSERT OR REPLACE INTO|DELETE FROM|UPDATE) (\w+)/.exec(sql)?.[0] ?? sql);
}

/** Answers of a database in which every conditional statement changes one row. */
function oneRowEach(planned: WritePlan): SqlResult[] {
  return planned.statements().map(() => ({ rows: [], rowsAffected: 1 }));
}

test("rows of one kind share statements across rows of another table", () => {
  const writes = Array.from({ length: 20 }, (_, user) => [session(user), identity(user)]).flat();
  const planned = plan(writes);
  expect(new Set(shapes(planned))).toEqual(new Set(["INSERT INTO session", "INSERT INTO identity"]));
  expect(planned.statements().length).toBeLessThan(16);
  expect(planned.changed(oneRowEach(planned))).toEqual(writes.map(() => 1));
});

test("what touches the same table stays in order", () => {
  const planned = plan([
    session(1),
    { kind: "session.delete", address: "1@lid.0" },
    session(1),
    session(2),
    { kind: "preKey.put", id: 1, record: new Uint8Array(1), uploaded: false },
    { kind: "preKey.markUploaded", ids: [1] },
    { kind: "preKey.put", id: 1, record: new Uint8Array(1), uploaded: false },
  ]);
  const byTable = (table: string) => shapes(planned).filter((shape) => shape.endsWith(` ${table}`));
  expect(byTable("session")).toEqual([
    "INSERT INTO session",
    "DELETE FROM session",
    "INSERT INTO session",
    "INSERT INTO session",
  ]);
  expect(byTable("pre_key")).toEqual(["INSERT INTO pre_key", "UPDATE pre_key", "INSERT INTO pre_key"]);
});

test("removals share statements, and no row of their table crosses them", () => {
  const removals = [1, 2, 3].map((user): Write => ({ kind: "session.delete", address: `${user}@lid.0` }));
  const planned = plan([session(1), ...removals, identity(4), ...removals, session(2)]);
  expect(shapes(planned)).toEqual([
    "INSERT INTO session",
    "DELETE FROM session",
    "INSERT INTO identity",
    "INSERT INTO session",
  ]);
  expect(planned.statements().map((_, index) => planned.writeOf(index))).toEqual([0, undefined, 4, 8]);
  const answers = planned.statements().map(({ sql }) => ({
    rows: sql.startsWith("DELETE") ? [["2", "2@lid.0"]] : [],
    rowsAffected: 0,
  }));
  // Of the two that remove it the first one did.
  expect(planned.changed(answers)).toEqual([1, 0, 1, 0, 1, 0, 0, 0, 1]);
});

test("nothing moves across a deleted device", () => {
  const shapesAround = shapes(plan([session(1), { kind: "account.delete", accountId: 3 }, session(2)]));
  expect(shapesAround[0]).toBe("INSERT INTO session");
  expect(shapesAround.at(-1)).toBe("INSERT INTO session");
  expect(shapesAround).toContain("DELETE FROM account");
});

test("nothing moves across a clear, which keeps device and registration", () => {
  const shapesAround = shapes(plan([session(1), { kind: "account.clear" }, session(2)]));
  expect([shapesAround[0], shapesAround.at(-1)]).toEqual(["INSERT INTO session", "INSERT INTO session"]);
  expect(shapesAround).toContain("DELETE FROM session");
  expect(shapesAround.filter((shape) => / (account|device)$/.test(shape))).toEqual([]);
});

test("an account that deletes itself and goes on is registered again", () => {
  const own: Write = { kind: "account.delete", accountId: 9 };
  expect(shapes(plan([own, session(1)])).slice(-2)).toEqual(["INSERT INTO account", "INSERT INTO session"]);
  expect(shapes(plan([session(1), own])).at(-1)).toBe("DELETE FROM account");
  const planned = plan([own, session(1)]);
  // Every table is emptied, the account's own too; the registration is nobody's change.
  expect(planned.changed(oneRowEach(planned))).toEqual([SCOPED_TABLES.length + 1, 1]);
});

test("counts the rows of conditional writes over all their statements", () => {
  const planned = plan([
    { kind: "preKey.markUploaded", ids: Array.from({ length: 12_000 }, (_, id) => id + 1) },
    session(1),
    { kind: "tcToken.delete", jid: "a" },
    { kind: "mutationMacs.delete", name: "regular", indexMacs: [] },
    { kind: "lidMapping.put", entries: [] },
  ]);
  const results = planned
    .statements()
    .map(({ sql }) => ({ rows: [], rowsAffected: sql.startsWith("UPDATE pre_key") ? 4_000 : 0 }));
  expect(planned.changed(results)).toEqual([12_000, 1, 0, 0, 0]);
});

test("a statement of one write names it, a shared one names none", () => {
  const planned = plan([session(1), session(2), identity(1), { kind: "preKey.remove", id: 1 }]);
  const statements = planned.statements();
  const names = statements.map((_, index) => planned.writeOf(index));
  expect(names).toEqual([0, 1, 2, 3]);
  const shared = plan(Array.from({ length: 8 }, (_, user) => session(user)));
  expect(shared.statements()).toHaveLength(1);
  expect(shared.writeOf(0)).toBeUndefined();
  expect(shared.writeOf(5)).toBeUndefined();
});

test("a write that cannot be encoded fails before anything is sent", () => {
  const write: Write = {
    kind: "deviceList.put",
    records: [{ user: "u", devices: [{ deviceId: 1, keyIndex: 2 ** 32 }], timestamp: 1 }],
  };
  expect(() => plan([write])).toThrow(RangeError);
  const device = { account: { accountSignatureKey: new Uint8Array(31) } } as unknown as Device;
  expect(() => plan([{ kind: "device.save", device }])).toThrow();
});
