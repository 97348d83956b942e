import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/**
 * Why: the page of numbers must match the constants in the source. Each row names a constant and its file,
 * and this test computes the constant from the source.
 */
const PAGE = readFileSync("docs/design/limits.md", "utf8");

/** Units of times in milliseconds, and of sizes in bytes. */
const UNITS = /** @type {Readonly<Record<string, number>>} */ ({
  ms: 1,
  s: 1_000,
  h: 3_600_000,
  d: 86_400_000,
  bytes: 1,
  KiB: 1_024,
  MiB: 1_048_576,
});

/** @typedef {{name: string, value: string, file: string}} Row */

/** @returns {Row[]} */
function rows() {
  const named = [...PAGE.matchAll(/^\| `(\w[\w.]*)` \| ([^|]+) \| `([^`]+)` \|/gm)].map(
    ([, name = "", value = "", file = ""]) => ({ name, value, file }),
  );
  const kept = [...PAGE.matchAll(/^\| [a-z-][^|]* \| `(\w+)` \| ([^|]+) \| [^|`]+ \|$/gm)].map(
    ([, name = "", value = ""]) => ({ name, value, file: "account/housekeeping.ts" }),
  );
  return [...named, ...kept];
}

/** The value of a row, in milliseconds, bytes, or without a unit. @param {string} value */
function statedBy(value) {
  const [, digits = "", unit = ""] = /^([\d,]+) ?(\w*)/.exec(value) ?? [];
  return Number(digits.replaceAll(",", "")) * (unit === "" ? 1 : (UNITS[unit] ?? Number.NaN));
}

/**
 * The expression of a name in a source: `const NAME = …;`, or `name: …,` of an object, which may be written
 * `object.name`.
 *
 * @param {string} source
 * @param {string} name
 * @returns {string}
 */
function expressionOf(source, name) {
  const [owner, member] = name.split(".");
  if (member !== undefined) {
    const [, members = ""] = new RegExp(`^  ${owner}: \\{([^}]*)\\}`, "m").exec(source) ?? [];
    return expressionOf(`{${members}}`, member);
  }
  const constant = new RegExp(`\\bconst ${name}(?:: number)? = ([^;]+);`).exec(source);
  const property = new RegExp(`[{\\s]${name}: ([\\w* ]+)[,}]`).exec(source);
  return (constant ?? property)?.[1] ?? "";
}

/**
 * The number of a name. Names in its expression are looked up in the same file, then on the page.
 *
 * @param {string} file
 * @param {string} name
 * @returns {number}
 */
function numberOf(file, name) {
  const source = readFileSync(`src/${file}`, "utf8");
  const expression = expressionOf(source, name).replace(/(\d)_(?=\d)/g, "$1");
  const numbers = expression.replace(/[A-Z][A-Z_]*|0x[\da-f]+/g, (word) => {
    if (word.startsWith("0x")) return String(Number(word));
    if (expressionOf(source, word) !== "") return String(numberOf(file, word));
    return String(numberOf(rows().find((row) => row.name === word)?.file ?? file, word));
  });
  if (!/^[\d\s*+()-]+$/.test(numbers)) throw new Error(`${file}: ${name} is no number but "${expression}"`);
  return Number(new Function(`return ${numbers}`)());
}

/**
 * Milliseconds if the name ends in a unit of time, else the value itself. @param {string} name @param
 * {number} value
 */
function inUnit(name, value) {
  return /[a-z]S$|_S$/.test(name) ? value * 1_000 : value;
}

describe("docs/design/limits.md", () => {
  test("states the value of each constant", () => {
    // Every row of a table must match the pattern.
    expect(rows()).toHaveLength(PAGE.match(/^\|.*`.*\|$/gm)?.filter((row) => / \d/.test(row)).length ?? 0);
    const wrong = rows().flatMap(({ name, value, file }) => {
      const actual = inUnit(name, numberOf(file, name));
      return actual === statedBy(value) ? [] : [`${file}: ${name} is ${actual}, the page says ${value}`];
    });
    expect(wrong).toEqual([]);
  });
});
