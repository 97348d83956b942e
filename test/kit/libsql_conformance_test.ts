import { test } from "vitest";
import { libsqlFileTarget, libsqlMemoryTarget } from "./libsql.ts";
import { registerTargets } from "./register.ts";

registerTargets([libsqlFileTarget, libsqlMemoryTarget], test);
