import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS, dose, everyNth } from "../support/dose.ts";
import { DamagedFiles, type Outcome } from "./damaged_files.ts";
import { ACCOUNT, type Damage, type Library, OWN_SENDER_KEY, SESSIONS } from "./damages.ts";

let files: DamagedFiles;

beforeAll(async () => {
  files = await DamagedFiles.create();
});

afterAll(() => files.remove());

const BITS = dose({ short: [3], long: [0, 1, 2, 3, 4, 5, 6, 7] });

/** Every so many bytes of a text. */
const STEP = dose({ short: 4, long: 1 });

/** One damage for each byte of a text, in its table and in its index, and for each bit of the dose. */
function flipsOf(text: string): Damage[] {
  const places = files.placesOf(text);
  expect(places.length, text).toBeGreaterThan(1);
  return places.flatMap((place) =>
    everyNth(Array(text.length).keys(), STEP).flatMap((byte) =>
      BITS.map((bit): Damage => ({ kind: "flip", at: place + byte, mask: 1 << bit })),
    ),
  );
}

function isDamageReported({ error }: Outcome): boolean {
  return error === "CorruptError" || error === "WrongLengthError";
}

const LIBRARIES: readonly Library[] = ["native", "client"];

describe.each(LIBRARIES)("%s: a flipped bit is no absence", (library) => {
  test(
    "in the name of the account: the stored identity, or an error",
    async () => {
      const outcomes = await files.open(library, flipsOf(ACCOUNT));
      for (const outcome of outcomes) {
        if (!isDamageReported(outcome)) expect(outcome.identity).toBe(files.identity);
      }
      expect(outcomes.some(({ identity }) => identity === files.identity)).toBe(true);
      expect(outcomes.some(({ message }) => message?.includes("the index of account names lacks it"))).toBe(
        true,
      );
    },
    DOSED_TIMEOUT_MS,
  );

  test(
    "in the address of a session, one asked for or many",
    async () => {
      const outcomes = await files.open(library, flipsOf(SESSIONS[0] ?? ""));
      const found = outcomes.map(({ session, sessions }) => [session, sessions]);
      expect(found).not.toContainEqual(["absent", expect.anything()]);
      expect(found).not.toContainEqual([expect.anything(), "absent"]);
      expect(found).toContainEqual(["CorruptError", "CorruptError"]);
      expect(found).toContainEqual(["there", "there"]);
    },
    DOSED_TIMEOUT_MS,
  );

  test(
    "in the name of our own sender key, whose group has marks",
    async () => {
      const outcomes = await files.open(library, flipsOf(OWN_SENDER_KEY));
      const found = outcomes.map(({ senderKey }) => senderKey);
      expect(found).not.toContain("absent");
      expect(found).toContain("CorruptError");
      expect(found).toContain("there");
    },
    DOSED_TIMEOUT_MS,
  );
});
