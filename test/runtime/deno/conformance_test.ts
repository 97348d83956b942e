import {
  libsqlClientFileTarget,
  libsqlFileTarget,
  libsqlMemoryTarget,
  nodeSqliteTarget,
} from "../../kit/libsql.ts";
import { memoryTarget } from "../../kit/memory.ts";
import { registerTargets } from "../../kit/register.ts";
import { remoteOverload } from "../../kit/remote_overload.ts";

registerTargets(
  [memoryTarget, libsqlFileTarget, libsqlMemoryTarget, libsqlClientFileTarget, nodeSqliteTarget],
  (name, run) => Deno.test(name, run),
);

Deno.test(...remoteOverload);
