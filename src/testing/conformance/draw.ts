import type { IntegerSort, TextSort } from "../../backend/mod.ts";
import type { Rule } from "../../rules/mod.ts";
import type { SeededRandom } from "../seeded_random.ts";
import { BYTES, KEY_IDS, SEQUENCES, TEXTS } from "./universe.ts";

/** Source of random values. */
export interface Draw {
  readonly random: SeededRandom;
  /** The time that stamps rows, in Unix seconds. */
  readonly nowS: number;
}

/** An account id without an account. */
const NO_ACCOUNT = 2 ** 40;

/** Most numbers are small, so that they collide. One in this many is large. */
const GREAT_ODDS = 6;

/** Maximum number of bytes above the minimum of a value. */
const EXTRA_BYTES = 40;

const small = ({ random }: Draw): number =>
  random.oneIn(GREAT_ODDS) ? random.below(2 ** 31) : random.below(5);

/** How an integer of each sort is drawn. The rule gives the range. */
const INTEGERS: Readonly<Record<IntegerSort, (draw: Draw) => number>> = {
  accountId: () => NO_ACCOUNT,
  count: ({ random }) => (random.oneIn(GREAT_ODDS) ? random.uint32() : random.below(100)),
  cutoff: (draw) => (draw.random.oneIn(2) ? draw.nowS - draw.random.below(5) : draw.random.below(5)),
  generation: ({ random }) => random.below(4),
  keyId: ({ random }) => random.pick(KEY_IDS),
  limit: () => 100,
  milliseconds: ({ random }) => random.uint32() * 1_000,
  now: ({ nowS }) => nowS,
  seconds: small,
  sequence: ({ random }) => random.pick(SEQUENCES),
  storedLength: () => 0,
  uint32: ({ random }) => (random.oneIn(GREAT_ODDS) ? 2 ** 32 - 1 : random.below(3)),
};

/**
 * Draws a value of a rule, within the universe. Lists have up to three items. An optional value is present in
 * two of three draws.
 */
export function draw(rule: Rule, from: Draw): unknown {
  const { random } = from;
  switch (rule.type) {
    case "text":
      return random.pick(TEXTS[rule.sort as TextSort]);
    case "choice":
      return random.pick(rule.of);
    case "integer":
      return Math.min(rule.max, Math.max(rule.min, INTEGERS[rule.sort as IntegerSort](from)));
    case "uint64":
      return (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
    case "flag":
      return random.oneIn(2);
    case "bytes":
      return drawBytes(rule, random);
    case "optional":
      // It is not specified which rows a limited expiry removes.
      return isLimit(rule.rule) || random.oneIn(3) ? undefined : draw(rule.rule, from);
    case "list":
      return Array.from({ length: random.below(4) }, () => draw(rule.item, from));
    case "tuple":
      return rule.parts.map((part) => draw(part, from));
    case "map":
      return new Map(
        Array.from({ length: random.below(4) }, () => [draw(rule.key, from), draw(rule.value, from)]),
      );
    case "object":
      return Object.fromEntries(
        Object.entries(rule.members).map(([name, member]) => [name, draw(member, from)]),
      );
    case "variant": {
      const kind = random.pick(Object.keys(rule.of));
      return { kind, ...(draw(rule.of[kind] as Rule, from) as object) };
    }
  }
}

/** As `draw`, with every optional value present and with the greatest numbers. */
export function drawFull(rule: Rule, from: Draw): unknown {
  switch (rule.type) {
    case "integer":
      return rule.max;
    case "flag":
      return true;
    case "bytes":
      return from.random.bytes(rule.length ?? rule.min + 1 + from.random.below(EXTRA_BYTES));
    case "optional":
      return drawFull(rule.rule, from);
    case "tuple":
      return rule.parts.map((part) => drawFull(part, from));
    case "map":
      return new Map(TEXTS.word.map((name) => [name, draw(rule.value, from)]));
    case "object":
      return Object.fromEntries(
        Object.entries(rule.members).map(([name, member]) => [name, drawFull(member, from)]),
      );
    case "text":
    case "choice":
    case "uint64":
    case "list":
    case "variant":
      return draw(rule, from);
  }
}

function drawBytes(
  { name, min, length }: Extract<Rule, { type: "bytes" }>,
  random: SeededRandom,
): Uint8Array {
  const known = BYTES[name];
  if (known !== undefined) return random.pick(known);
  // Where empty or one length is allowed, empty bytes may come back as absent.
  return random.bytes(length ?? min + random.below(EXTRA_BYTES));
}

function isLimit(rule: Rule): boolean {
  return rule.type === "integer" && rule.sort === "limit";
}
