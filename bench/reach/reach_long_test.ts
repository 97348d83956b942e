import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS } from "../../test/support/dose.ts";
import { reachTables } from "./table.ts";

describe("docs/design/reach.md", () => {
  test("has the tables of the simulation", { timeout: DOSED_TIMEOUT_MS }, async () => {
    const page = readFileSync("docs/design/reach.md", "utf8");
    expect(page.includes(await reachTables()), "run npm run reach").toBe(true);
  });
});
