import { describe, expect, test } from "vitest";
import { checkRelease } from "./check_release.mjs";

const CHANGELOG = `# Changelog

## Unreleased

## 1.2.3 - 2026-12-01

### Added

- A thing.

## 1.2.2 - 2026-11-01

- An older thing.
`;

describe("checkRelease", () => {
  test("returns the notes of the version", () => {
    const notes = checkRelease("v1.2.3", { version: "1.2.3", changelog: CHANGELOG });
    expect(notes).toBe("### Added\n\n- A thing.");
  });

  test("rejects a tag of another version", () => {
    expect(() => checkRelease("v1.2.4", { version: "1.2.3", changelog: CHANGELOG })).toThrow(
      "check release: tag v1.2.4 of version 1.2.3",
    );
  });

  test("rejects a version without notes", () => {
    const complaint = "check release: no section 1.2.5 in the change log";
    expect(() => checkRelease("v1.2.5", { version: "1.2.5", changelog: CHANGELOG })).toThrow(complaint);
    const empty = `${CHANGELOG}\n## 1.2.5\n\n## 1.0.0\n\n- Old.\n`;
    expect(() => checkRelease("v1.2.5", { version: "1.2.5", changelog: empty })).toThrow(complaint);
  });
});
