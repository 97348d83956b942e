import { describe, expect, test } from "vitest";
import { runHoldfast } from "./program.ts";
import type { Terminal } from "./terminal.ts";

const PASSWORD = "pass-of-bot";
const URL_WITH_PASSWORD = `postgres://bot:${PASSWORD}@127.0.0.1:1/db`;

/** What a run prints that fails before it asks anything. */
async function printed(args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  let text = "";
  const write = (part: string): void => {
    text += part;
  };
  const terminal = { out: write, err: write, env: {}, columns: 100, hasColor: false } as unknown as Terminal;
  return { code: await runHoldfast(args, terminal), text };
}

describe("runHoldfast", () => {
  test.each([
    ["at the place of the command", [URL_WITH_PASSWORD], "unknown command 'postgres://…@127"],
    ["as an option", ["accounts", `--db=${URL_WITH_PASSWORD}`], "unknown option '--db=postgres://…@127"],
    ["as a number", ["serve", "--port", `${URL_WITH_PASSWORD}'`], "argument 'postgres://…@127"],
    ["behind a space", ["accounts", ` ${URL_WITH_PASSWORD}`], "does not begin with a scheme"],
    ["in quotation marks", ["accounts", `"${URL_WITH_PASSWORD}"`, "--json"], "does not begin with a scheme"],
    [
      "at the place of a file",
      ["import", URL_WITH_PASSWORD, "bot.db"],
      'there is no file or folder "postgres://…@127',
    ],
  ])("does not print the password of a URL %s", async (_, args, says) => {
    const { code, text } = await printed(args);
    expect(text).toContain(says);
    expect(text).not.toContain(PASSWORD);
    expect(code).not.toBe(0);
  });
});
