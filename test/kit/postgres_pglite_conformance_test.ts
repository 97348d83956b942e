import { PGlite } from "@electric-sql/pglite";
import { afterAll, expect, test } from "vitest";
import { conformanceCases } from "../../src/testing/mod.ts";
import { dose } from "../support/dose.ts";
import { postgresTarget, sendingCases } from "./postgres.ts";
import { registerTargets } from "./register.ts";

// One instance for all cases: it takes some seconds to start, and a gigabyte of memory.
const pglite = await PGlite.create();

afterAll(() => pglite.close());

/** PGlite drops a byte order mark at the beginning of a text that it returns. */
const LISTS_A_MARK = "accounts: each account has its own rows, whatever its name";

test("PGlite drops a byte order mark", async () => {
  const { rows } = await pglite.query<{ name: string }>("SELECT chr(65279) || 'user' AS name");
  expect(rows).toEqual([{ name: "user" }]);
  expect(conformanceCases.map(({ name }) => name)).toContain(LISTS_A_MARK);
});

registerTargets(
  [
    postgresTarget("postgres in PGlite", () => ({
      client: { pglite },
      durable: false,
      run: (sql) => pglite.exec(sql),
    })),
  ],
  test,
  {
    cases: dose({ short: sendingCases, long: conformanceCases }).filter(({ name }) => name !== LISTS_A_MARK),
  },
);
