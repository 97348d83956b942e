import { describe, expect, expectTypeOf, test } from "vitest";
import { DirectoryWorld } from "../../test/support/account/directory_world.ts";
import { directory } from "./mod.ts";

describe("directory", () => {
  test("returns the same directory for an account", async () => {
    const { account } = await new DirectoryWorld().open();
    expect(directory(account)).toBe(directory(account));
    await account.close();
  });

  test("offers `learn` on the directory alone", async () => {
    const { account, directory: opened } = await new DirectoryWorld().open();
    expectTypeOf(account.lid).not.toHaveProperty("learn");
    expectTypeOf(opened.lid).not.toHaveProperty("learn");
    expect(opened.lid).toBe(account.lid);
    await account.close();
  });
});
