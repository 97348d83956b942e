/**
 * Loaded in front of a program: kills its process with SIGKILL at one of its commits to files, before it or
 * after it. `HOLDFAST_TEST_KILL` is `before:3` or `after:3`. Without it the number of commits is written to
 * the file of `HOLDFAST_TEST_COMMITS`.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { HOLDFAST_TEST_KILL = "", HOLDFAST_TEST_COMMITS } = process.env;
const [when, at] = HOLDFAST_TEST_KILL.split(":");
const Database = createRequire(import.meta.url)("libsql");
const { exec } = Database.prototype;
let commits = 0;

/** @param {string} sql */
Database.prototype.exec = function (sql) {
  const isCommit = sql.startsWith("COMMIT");
  if (isCommit) commits += 1;
  const isHere = isCommit && commits === Number(at);
  if (isHere && when === "before") process.kill(process.pid, "SIGKILL");
  const result = exec.call(this, sql);
  if (isHere && when === "after") process.kill(process.pid, "SIGKILL");
  return result;
};

process.on("exit", () => {
  if (HOLDFAST_TEST_COMMITS !== undefined) writeFileSync(HOLDFAST_TEST_COMMITS, String(commits));
});
