import { test } from "vitest";
import { libsqlClientFileTarget, libsqlFileTarget, libsqlMemoryTarget } from "./libsql.ts";
import { registerTargets } from "./register.ts";

registerTargets([libsqlFileTarget, libsqlMemoryTarget, libsqlClientFileTarget], test);
