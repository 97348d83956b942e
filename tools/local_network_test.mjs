import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BUNDLE, bundleLocalNetwork } from "./local_network.mjs";

test("the template has the present local server: npm run generate", async () => {
  expect(readFileSync(BUNDLE, "utf8")).toBe(await bundleLocalNetwork());
});
