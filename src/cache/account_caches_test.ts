import { expect, test } from "vitest";
import { accountCaches } from "./account_caches.ts";

test.each([
  ["options", null],
  ["options", 1n],
  ["stores", { stores: null }],
  ["stores", { stores: "group" }],
])("accountCaches names its %s when they are no object", (what, options) => {
  expect(() => accountCaches(options as never)).toThrow(`configure caches: ${what} is not an object`);
});
