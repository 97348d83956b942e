import { describe, expect, test } from "vitest";
import { handOverOf } from "./numbered_parameters.ts";

const PARAMS = ["a", "b", "c", "d"];

/** The statement and the parameters as the library gets them. */
function handed(sql: string, params: readonly unknown[] = PARAMS): readonly unknown[] {
  const { sql: text, handOver } = handOverOf(sql);
  return [text, ...handOver(params)];
}

describe("handOverOf", () => {
  test("hands over parameters without numbers as a list", () => {
    expect(handed("SELECT ?, ?, ?, ?")).toEqual(["SELECT ?, ?, ?, ?", PARAMS]);
    expect(handed("SELECT 1", [])).toEqual(["SELECT 1", []]);
  });

  test("leaves out numbers that are those of the places", () => {
    expect(handed("SELECT ?1, ?, ?3, '?2', ?")).toEqual(["SELECT ?, ?, ?, '?2', ?", PARAMS]);
  });

  test("hands over other numbered parameters by name, and the rest in order", () => {
    const byNumber = { 1: "a", 2: "b", 3: "c", 4: "d" };
    const again = "SELECT ?1, ?2, ?3, ?4, ?2";
    expect(handed(again)).toEqual([again, [], byNumber]);
    const guard = "SELECT ?, ?, ?, a = ?4 AND b = ?4";
    expect(handed(guard)).toEqual([guard, ["a", "b", "c"], { 4: "d" }]);
    // A number that is left out is one that has no name.
    expect(handed("SELECT ?1, ?4")).toEqual(["SELECT ?1, ?4", ["b", "c"], { 1: "a", 4: "d" }]);
  });

  test("does not look into quoted texts, names and comments", () => {
    const sql = `SELECT '?2 it''s ?2', "?3", ? -- ?4\n, /* ?1 */ ?`;
    expect(handed(sql, ["a", "b"])).toEqual([sql, ["a", "b"]]);
  });
});
