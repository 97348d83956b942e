import { PGlite } from "@electric-sql/pglite";
import { afterAll, expect, test } from "vitest";
import { conformanceCases } from "../../src/testing/mod.ts";
import { dose } from "../support/dose.ts";
import { withoutLargest } from "./connected_cases.ts";
import { postgresTarget, sendingCases } from "./postgres.ts";
import { registerTargets } from "./register.ts";

// One instance for all cases: it takes some seconds to start, and a gigabyte of memory.
const pglite = await PGlite.create();

afterAll(() => pglite.close());

/** The cases that list texts which begin with a byte order mark. */
const LIST_A_MARK = [
  "accounts: each account has its own rows, whatever its name",
  "keys: keeps hostile texts apart as sender-key device JID",
];

test("PGlite drops a byte order mark", async () => {
  const { rows } = await pglite.query<{ name: string }>("SELECT chr(65279) || 'user' AS name");
  expect(rows).toEqual([{ name: "user" }]);
});

const cases = dose({ short: withoutLargest(sendingCases), long: conformanceCases });

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
    cases,
    knownFailures: cases
      .filter(({ name }) => LIST_A_MARK.includes(name))
      .map(({ name }) => ({
        case: name,
        reason: "PGlite drops a byte order mark at the beginning of a text that it returns",
      })),
  },
);
