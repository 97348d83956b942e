import { describe, test } from "vitest";
import { checkWitnessedFile, WITNESSED_WAYS } from "./witnessed_file.ts";

const hasNodeSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

describe.runIf(process.platform === "linux").each(WITNESSED_WAYS)("a file over %s", (name, open) => {
  test.runIf(name !== "node:sqlite" || hasNodeSqlite)("is watched for copies and replacements", () =>
    checkWitnessedFile(open),
  );
});
