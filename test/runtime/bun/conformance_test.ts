import { test } from "bun:test";
import { registerConformance } from "../../../src/testing/mod.ts";
import { libsqlFileTarget, libsqlMemoryTarget } from "../../kit/libsql.ts";

for (const target of [libsqlFileTarget, libsqlMemoryTarget]) {
  registerConformance(target, (name, run) => test(name, run));
}
