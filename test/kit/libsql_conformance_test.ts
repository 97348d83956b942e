import { test } from "vitest";
import { libsqlFileTarget, libsqlMemoryTarget, libsqlNativeFileTarget } from "./libsql.ts";
import { registerTargets } from "./register.ts";

registerTargets([libsqlFileTarget, libsqlMemoryTarget, libsqlNativeFileTarget], test);
