import { describe, expect, test } from "vitest";
import { pathOfFileUrl } from "./file_url.ts";

describe("pathOfFileUrl", () => {
  test.each([
    ["file:bot.db", "bot.db"],
    ["file:./a/bot.db", "./a/bot.db"],
    ["file:/srv/bot.db", "/srv/bot.db"],
    ["file:///srv/bot.db", "/srv/bot.db"],
    ["file://localhost/srv/bot.db", "/srv/bot.db"],
    ["FILE:bot.db", "bot.db"],
    ["file:a%20b%23.db", "a b#.db"],
    ["file:///C:/bots/bot.db", "C:/bots/bot.db"],
  ])("%s names %s", (url, path) => {
    expect(pathOfFileUrl(url)).toBe(path);
  });

  test.each([
    "file:",
    "file://elsewhere/a.db",
    "file:a.db?mode=ro",
    "file:a.db#x",
    "file:%zz",
    "file:a%00.db",
  ])("rejects %s without quoting it", (url) => {
    expect(() => pathOfFileUrl(url)).toThrow(TypeError);
    expect(() => pathOfFileUrl(url)).not.toThrow(/a\.db/);
  });
});
