import { describe, test } from "vitest";
import { checkWitnessedFile, WITNESSED_WAYS } from "./witnessed_file.ts";

const hasNodeSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

/** What this version of Node has. */
const ways = WITNESSED_WAYS.filter(([name]) => name !== "node:sqlite" || hasNodeSqlite);

describe.runIf(process.platform === "linux").each(ways)("a file over %s", (_, open) => {
  test("is watched for copies and replacements", () => checkWitnessedFile(open));
});
