import { libsqlFileTarget, libsqlMemoryTarget } from "../../kit/libsql.ts";
import { memoryTarget } from "../../kit/memory.ts";
import { registerTargets } from "../../kit/register.ts";

registerTargets([memoryTarget, libsqlFileTarget, libsqlMemoryTarget], (name, run) => Deno.test(name, run));
