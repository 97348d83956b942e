import { libsqlFileTarget, libsqlMemoryTarget, libsqlNativeFileTarget } from "../../kit/libsql.ts";
import { memoryTarget } from "../../kit/memory.ts";
import { registerTargets } from "../../kit/register.ts";

registerTargets([memoryTarget, libsqlFileTarget, libsqlMemoryTarget, libsqlNativeFileTarget], (name, run) =>
  Deno.test(name, run),
);
