import { describe, expect, test } from "vitest";
import { figuresOf, piecesLeft, proofPage } from "./proof.mjs";
import { PIECES } from "./proof_pieces.mjs";

/** @typedef {import("./proof_pieces.mjs").Piece} Piece */

const result = {
  commit: "a".repeat(40),
  isOk: true,
  startedAt: "2026-12-01T06:00:00.000Z",
  elapsedMs: 90_000,
  machine: "2 × a processor",
  figures: ["12 damages"],
};

describe("the proof", () => {
  test("has passed only what passed on the present commit", () => {
    const [first, second, third] = /** @type {[Piece, Piece, Piece]} */ (PIECES.slice(0, 3));
    const record = {
      [first.name]: result,
      [second.name]: { ...result, isOk: false },
      [third.name]: { ...result, commit: "b".repeat(40) },
    };
    expect(piecesLeft(PIECES.slice(0, 3), record, result.commit)).toEqual([second, third]);
  });

  test("keeps the lines with figures, without colours", () => {
    const output = "\u001b[32mkilled 6 times: 49 keys\u001b[39m\nother\nTests  3 passed (3)\n";
    expect(figuresOf(output, /^killed|Tests/)).toEqual(["killed 6 times: 49 keys", "Tests  3 passed (3)"]);
  });

  test("says of each piece when it passed, and what has not run", () => {
    const page = proofPage(PIECES, { damage: result });
    expect(page).toContain("Passed on 2026-12-01 at commit `aaaaaaaaaaaa` in 1.5 minutes (2 × a processor).");
    expect(page.match(/Not run yet\./g)).toHaveLength(PIECES.length - 1);
  });

  test("has a name for each piece, once", () => {
    expect(new Set(PIECES.map(({ name }) => name)).size).toBe(PIECES.length);
  });
});
