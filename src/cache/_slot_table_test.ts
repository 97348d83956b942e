import { describe, expect, test } from "vitest";
import { SeededRandom } from "../testing/mod.ts";
import { SlotTable } from "./_slot_table.ts";

const NEVER = Number.POSITIVE_INFINITY;

type Table = SlotTable<string, number>;

/** Keys in the order of insertion. */
function keysOf(table: Table): string[] {
  const keys: string[] = [];
  for (let slot = table.oldest; slot !== 0; slot = table.after(slot)) keys.push(table.keys[slot] as string);
  return keys;
}

/** Keys in the order of due times, with these times; empties the table. */
function drain(table: Table): [key: string, dueAtMs: number][] {
  const due: [string, number][] = [];
  while (table.firstDue !== 0) {
    due.push([table.keys[table.firstDue] as string, table.nextDueAtMs]);
    table.remove(table.firstDue);
  }
  return due;
}

function slotOf(table: Table, key: string): number {
  return table.slots.get(key) as number;
}

/** A table with these keys, inserted in order, whose entries are due at 10, 20, ... */
function tableOf(keys: string, expected = 8): Table {
  const table: Table = new SlotTable(expected);
  [...keys].forEach((key, index) => {
    table.add(key, index + 1, 10 * (index + 1), NEVER);
  });
  return table;
}

/** Length of the arrays, which grow and shrink together. */
function sizeOf(table: Table): number {
  return table.ends.length / 2;
}

describe("SlotTable.add", () => {
  test("appends to both orders", () => {
    const table = tableOf("abc");
    expect(keysOf(table)).toEqual(["a", "b", "c"]);
    expect(table.nextDueAtMs).toBe(10);
    expect(drain(table)).toEqual([
      ["a", 10],
      ["b", 20],
      ["c", 30],
    ]);
    expect([table.nextDueAtMs, table.oldest, table.slots.size]).toEqual([NEVER, 0, 0]);
  });

  test("is due at the earlier end, and stores both", () => {
    const table: Table = new SlotTable(4);
    const a = table.add("a", 1, 10, 30);
    const b = table.add("b", 2, 40, 20);
    expect([table.ends[2 * a], table.ends[2 * a + 1]]).toEqual([10, 30]);
    expect([table.ends[2 * b], table.ends[2 * b + 1]]).toEqual([40, 20]);
    expect(drain(table)).toEqual([
      ["a", 10],
      ["b", 20],
    ]);
  });

  test("takes freed slots first, with the new key, value and ends", () => {
    const table = tableOf("abc");
    const freed = [slotOf(table, "a"), slotOf(table, "b")];
    for (const slot of freed) table.remove(slot);
    const again = [table.add("d", 4, 40, NEVER), table.add("e", 5, NEVER, 50)];
    expect(again).toEqual(freed.reverse());
    expect([table.values[slotOf(table, "d")], table.values[slotOf(table, "e")]]).toEqual([4, 5]);
    expect(table.add("f", 6, 60, NEVER)).toBe(4);
    expect(keysOf(table)).toEqual(["c", "d", "e", "f"]);
    expect(drain(table).map(([, dueAtMs]) => dueAtMs)).toEqual([30, 40, 50, 60]);
  });
});

describe("SlotTable.replace", () => {
  test("equals removing and adding", () => {
    for (const key of "abc") {
      const replaced = tableOf("abc");
      const slot = slotOf(replaced, key);
      replaced.replace(slot, "x", 9, 70, 50);
      expect(replaced.slots.get("x")).toBe(slot);
      expect(replaced.slots.has(key)).toBe(false);
      expect([replaced.values[slot], replaced.ends[2 * slot], replaced.ends[2 * slot + 1]]).toEqual([
        9, 70, 50,
      ]);
      const added = tableOf("abc");
      added.remove(slotOf(added, key));
      added.add("x", 9, 70, 50);
      expect(keysOf(replaced)).toEqual(keysOf(added));
      expect(replaced.nextDueAtMs).toBe(added.nextDueAtMs);
      expect(drain(replaced)).toEqual(drain(added));
    }
  });

  test("replaces the only entry", () => {
    const table = tableOf("a");
    table.replace(slotOf(table, "a"), "b", 2, 20, 30);
    expect(keysOf(table)).toEqual(["b"]);
    expect(drain(table)).toEqual([["b", 20]]);
  });
});

describe("SlotTable.remove", () => {
  test("drops the references to key and value", () => {
    const table = tableOf("abc");
    const slot = slotOf(table, "b");
    table.remove(slot);
    expect([table.keys[slot], table.values[slot], table.slots.has("b")]).toEqual([
      undefined,
      undefined,
      false,
    ]);
    expect(keysOf(table)).toEqual(["a", "c"]);
    expect(table.nextDueAtMs).toBe(10);
    table.remove(slotOf(table, "a"));
    expect(table.nextDueAtMs).toBe(30);
  });
});

describe("SlotTable.renew", () => {
  test("moves an entry to the end of the order of insertion alone", () => {
    const table = tableOf("abc");
    table.renew(slotOf(table, "a"));
    expect(keysOf(table)).toEqual(["b", "c", "a"]);
    table.renew(slotOf(table, "a"));
    expect(keysOf(table)).toEqual(["b", "c", "a"]);
    expect(drain(table).map(([key]) => key)).toEqual(["a", "b", "c"]);
  });
});

describe("SlotTable.reschedule", () => {
  test("moves an entry to the end of the order of due times alone", () => {
    const table = tableOf("abc");
    table.reschedule(slotOf(table, "a"), 90);
    expect(keysOf(table)).toEqual(["a", "b", "c"]);
    expect(table.nextDueAtMs).toBe(20);
    expect(drain(table)).toEqual([
      ["b", 20],
      ["c", 30],
      ["a", 90],
    ]);
  });

  test("is never due before the last one", () => {
    const table = tableOf("abc");
    table.reschedule(slotOf(table, "a"), 25);
    expect(drain(table)).toEqual([
      ["b", 20],
      ["c", 30],
      ["a", 30],
    ]);
  });

  test("sets the time of a single entry", () => {
    const table = tableOf("a");
    table.reschedule(slotOf(table, "a"), 5);
    expect(drain(table)).toEqual([["a", 5]]);
  });
});

describe("SlotTable.clear", () => {
  test("frees everything, and the table goes on", () => {
    const table = tableOf("abc");
    table.remove(slotOf(table, "b"));
    table.clear();
    expect([table.slots.size, table.oldest, table.firstDue, sizeOf(table)]).toEqual([0, 0, 0, 1]);
    expect([table.nextDueAtMs, table.keys.length, table.values.length]).toEqual([NEVER, 1, 1]);
    expect(table.add("d", 4, 40, NEVER)).toBe(1);
    expect(drain(table)).toEqual([["d", 40]]);
    // Empty tables share their arrays.
    expect(new SlotTable(8).oldest).toBe(0);
  });
});

describe("SlotTable size", () => {
  /** The distinct sizes of a table that is filled with `count` keys. */
  function sizesOf(expected: number, count: number): number[] {
    const table: Table = new SlotTable(expected);
    const sizes = [sizeOf(table)];
    for (let index = 0; index < count; index += 1) {
      table.add(`${index}`, index, NEVER, NEVER);
      if (sizes.at(-1) !== sizeOf(table)) sizes.push(sizeOf(table));
    }
    expect(keysOf(table)).toHaveLength(count);
    return sizes;
  }

  test("grows in steps to the expected number, then doubles", () => {
    // A slot more than entries: the head takes one.
    expect(sizesOf(1_000, 2_500)).toEqual([1, 64, 256, 1_001, 2_002, 4_004]);
    expect(sizesOf(300, 300)).toEqual([1, 64, 256, 301]);
    expect(sizesOf(10, 12)).toEqual([1, 11, 22]);
    expect(sizesOf(1, 2)).toEqual([1, 2, 4]);
    expect(sizesOf(0, 3)).toEqual([1, 2, 4]);
  });

  test("shrinks to half when a quarter is used, but not below 64 slots", () => {
    const table: Table = new SlotTable(1_000);
    for (let index = 0; index < 255; index += 1) table.add(`${index}`, index, index, NEVER);
    expect(sizeOf(table)).toBe(256);
    const sizes: [number, number][] = [];
    for (let index = 0; index < 255; index += 1) {
      const before = sizeOf(table);
      table.remove(slotOf(table, `${index}`));
      if (sizeOf(table) !== before) sizes.push([table.slots.size, sizeOf(table)]);
    }
    expect(sizes).toEqual([
      [63, 128],
      [31, 64],
    ]);
  });

  test("keeps both orders, ends and values when it shrinks", () => {
    const table: Table = new SlotTable(1_000);
    for (let index = 0; index < 255; index += 1) table.add(`${index}`, index, 1_000 + index, 5_000 + index);
    for (let index = 0; index < 80; index += 1) table.renew(slotOf(table, `${index}`));
    for (let index = 60; index < 75; index += 1) table.reschedule(slotOf(table, `${index}`), 2_000 + index);
    for (let index = 80; index < 255; index += 1) table.remove(slotOf(table, `${index}`));
    for (let index = 0; index < 40; index += 1) table.remove(slotOf(table, `${index}`));
    expect(sizeOf(table)).toBe(128);
    const inserted = Array.from({ length: 40 }, (_, index) => index + 40);
    expect(keysOf(table)).toEqual(inserted.map(String));
    for (const index of inserted) {
      const slot = slotOf(table, `${index}`);
      expect([table.values[slot], table.ends[2 * slot], table.ends[2 * slot + 1]]).toEqual([
        index,
        1_000 + index,
        5_000 + index,
      ]);
    }
    const rescheduled = (index: number): boolean => index >= 60 && index < 75;
    const due = [...inserted.filter((index) => !rescheduled(index)), ...inserted.filter(rescheduled)];
    expect(table.nextDueAtMs).toBe(1_040);
    expect(drain(table)).toEqual(
      due.map((index) => [`${index}`, (rescheduled(index) ? 2_000 : 1_000) + index]),
    );
  });
});

describe("SlotTable as a model", () => {
  // Two lists are the two orders.
  test("agrees with two lists over random operations", () => {
    const random = new SeededRandom(7);
    const table: Table = new SlotTable(100);
    const inserted: string[] = [];
    const due: { key: string; atMs: number }[] = [];
    const without = (key: string): void => {
      inserted.splice(inserted.indexOf(key), 1);
      due.splice(
        due.findIndex((one) => one.key === key),
        1,
      );
    };
    for (let step = 0; step < 3_000; step += 1) {
      const key = random.pick(inserted.length === 0 ? ["none"] : inserted);
      const slot = table.slots.get(key);
      const fresh = `${step}`;
      const isShrinking = step % 1_000 > 600;
      if (slot === undefined || (!isShrinking && random.oneIn(2))) {
        table.add(fresh, step, step, NEVER);
        inserted.push(fresh);
        due.push({ key: fresh, atMs: step });
      } else if (isShrinking && !random.oneIn(4)) {
        table.remove(slot);
        without(key);
      } else if (random.oneIn(2)) {
        table.replace(slot, fresh, step, NEVER, step);
        without(key);
        inserted.push(fresh);
        due.push({ key: fresh, atMs: step });
      } else {
        table.reschedule(slot, step);
        const [moved] = due.splice(
          due.findIndex((one) => one.key === key),
          1,
        );
        if (moved !== undefined) due.push({ ...moved, atMs: step });
      }
      expect(table.nextDueAtMs).toBe(due[0]?.atMs ?? NEVER);
      if (step % 50 === 0) expect(keysOf(table)).toEqual(inserted);
    }
    expect(drain(table)).toEqual(due.map(({ key, atMs }) => [key, atMs]));
  });
});
