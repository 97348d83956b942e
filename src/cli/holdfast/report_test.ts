import { describe, expect, test } from "vitest";
import { serviceGreeting } from "../service_session.ts";
import { Report } from "./report.ts";
import type { Terminal } from "./terminal.ts";

const LONG =
  "Wrote the account to a file: who imports it sets up its conversations anew, with the next message.";

/** What a report prints to standard output. */
function printed(outColumns: number | undefined, print: (report: Report) => void): string {
  let out = "";
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    hasColor: false,
    outColumns,
  } as unknown as Terminal;
  print(new Report(terminal, false));
  return out;
}

describe("Report.say", () => {
  test("breaks lines between words at the width of the terminal, behind their indentation", () => {
    const lines = printed(40, (report) => report.say(`  ${LONG}`))
      .trimEnd()
      .split("\n");
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      expect(line.length).toBeLessThan(40);
      expect(line).toMatch(/^ {2}\S/);
    }
    expect(lines.map((line) => line.trim()).join(" ")).toBe(LONG);
  });

  test("breaks nothing where it is no terminal, is very narrow, or fits", () => {
    for (const columns of [undefined, 20, 200])
      expect(printed(columns, (report) => report.say(LONG))).toBe(`${LONG}\n`);
    const spaced = "  phone number    not paired";
    expect(printed(40, (report) => report.say(spaced))).toBe(`${spaced}\n`);
  });

  test("breaks no text of several lines: commands to copy", () => {
    const greeting = serviceGreeting("http://127.0.0.1:8787/a/very/long/url", "./accounts.db", {
      token: "0123456789abcdef",
      isNew: true,
    });
    expect(printed(80, (report) => report.say(greeting))).toBe(`${greeting}\n`);
  });

  test("breaks no row of a table", () => {
    const out = printed(40, (report) => report.table(["A", "B"], [["x".repeat(30), "y".repeat(30)]]));
    expect(out.split("\n")).toHaveLength(3);
  });
});
