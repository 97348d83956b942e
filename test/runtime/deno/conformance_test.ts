import { registerConformance } from "../../../src/testing/mod.ts";
import { libsqlFileTarget, libsqlMemoryTarget } from "../../kit/libsql.ts";
import { memoryTarget } from "../../kit/memory.ts";

for (const target of [memoryTarget, libsqlFileTarget, libsqlMemoryTarget]) {
  registerConformance(target, (name, run) => Deno.test(name, run));
}
