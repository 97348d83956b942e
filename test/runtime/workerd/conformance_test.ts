import { inject, test } from "vitest";
import { registerConformance } from "../../../src/testing/mod.ts";
import { libsqlServerTarget } from "../../kit/libsql_http.ts";

const server = inject("hranaUrl");

registerConformance(
  libsqlServerTarget("libsql over http", (database) => `${server}${database}/`),
  test,
);
