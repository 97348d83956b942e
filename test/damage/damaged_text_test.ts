import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS } from "../support/dose.ts";
import { DamagedFiles, type Outcome } from "./damaged_files.ts";
import { ACCOUNT, type Library, OWN_SENDER_KEY, SESSIONS } from "./damages.ts";

let files: DamagedFiles;

beforeAll(async () => {
  files = await DamagedFiles.create();
});

afterAll(() => files.remove());

/** `node:sqlite` returns text that is no UTF-8 as other text, and not every version of Node has it. */
const LIBRARIES: readonly Library[] = ["native", "client"];

/** The outcomes of a first byte, and of a second one, that is no UTF-8, at each place of a text. */
async function withBadText(library: Library, text: string): Promise<Outcome[]> {
  const places = files.placesOf(text);
  expect(places.length, text).toBeGreaterThan(0);
  const damages = places.flatMap((at) => [
    { kind: "flip", at, mask: 0x80 } as const,
    { kind: "flip", at: at + 1, mask: 0x80 } as const,
  ]);
  return await files.open(library, damages);
}

describe.each(LIBRARIES)("%s: text that is no UTF-8", (library) => {
  test.each(["Anna Damaged", "5511999990000:3@s.whatsapp.net", "android", "hash", "usync"])(
    "never ends the process: %s",
    async (text) => {
      for (const outcome of await withBadText(library, text)) {
        expect(outcome.error ?? "opened").not.toBe("abort");
        expect(outcome.identity ?? files.identity).toBe(files.identity);
      }
    },
    DOSED_TIMEOUT_MS,
  );

  test.each([
    SESSIONS[3] ?? "",
    SESSIONS[1] ?? "",
    OWN_SENDER_KEY,
    ACCOUNT,
    "5511999990000:3@s.whatsapp.net",
  ])(
    "never ends the process, in a key: %s",
    async (text) => {
      for (const outcome of await withBadText(library, text)) expect(outcome.error).not.toBe("abort");
    },
    DOSED_TIMEOUT_MS,
  );

  test("is an error that names no stored value", async () => {
    for (const { error, message } of await withBadText(library, "Anna Damaged")) {
      expect(error).toBe("CorruptError");
      expect(message).toMatch(/stored text is not UTF-8/);
      expect(message).not.toContain("Damaged");
    }
  });
});
