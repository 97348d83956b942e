import { describe, expect, test } from "vitest";
import { checkRelease } from "./check_release.mjs";
import { nextVersion, releasedChangelog, withRange } from "./release.mjs";

const CHANGELOG = `# Changelog

## Unreleased

### Added

- A thing.

## 1.2.2 - 2026-11-01

- An older thing.
`;

describe("releasedChangelog", () => {
  test("gives the unreleased section a version, and puts an empty one above", () => {
    const changelog = releasedChangelog(CHANGELOG, "1.2.3", "2026-12-01");
    expect(changelog).toContain("## Unreleased\n\n## 1.2.3 - 2026-12-01\n\n### Added\n\n- A thing.\n");
    expect(checkRelease("v1.2.3", { version: "1.2.3", changelog })).toBe("### Added\n\n- A thing.");
  });

  test("refuses a change log without notes, and a version that is there", () => {
    const empty = CHANGELOG.replace("### Added\n\n- A thing.\n\n", "");
    expect(() => releasedChangelog(empty, "1.2.3", "2026-12-01")).toThrow(
      "Unreleased of the change log is empty",
    );
    expect(() => releasedChangelog("# Changelog\n", "1.2.3", "2026-12-01")).toThrow(
      "has no section Unreleased",
    );
    expect(() => releasedChangelog(CHANGELOG, "1.2.2", "2026-12-01")).toThrow("has a section 1.2.2 already");
  });

  test("is not confused by a longer version", () => {
    expect(releasedChangelog(CHANGELOG, "1.2", "2026-12-01")).toContain("## 1.2 - 2026-12-01");
  });
});

describe("nextVersion", () => {
  test.each([
    ["patch", "1.2.4"],
    ["minor", "1.3.0"],
    ["major", "2.0.0"],
    ["1.9.0", "1.9.0"],
  ])("goes by %s", (step, version) => {
    expect(nextVersion("1.2.3", step)).toBe(version);
  });

  test("refuses what is no step", () => {
    expect(() => nextVersion("1.2.3", "next")).toThrow("next is neither major, minor, patch nor a version");
  });
});

test("withRange changes the range of one package, and no other text", () => {
  const manifest = '{\n  "dependencies": {\n    "@some/package": "^1.2.2",\n    "other": "^1.2.2"\n  }\n}\n';
  expect(withRange(manifest, "@some/package", "1.3.0")).toBe(
    manifest.replace('package": "^1.2.2', 'package": "^1.3.0'),
  );
  expect(() => withRange("{}", "@some/package", "1.3.0")).toThrow("does not depend on @some/package");
});
