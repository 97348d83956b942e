import {
  type Backend,
  READ_METHODS,
  type ReadMethod,
  WRITES,
  type Write,
  type WriteKind,
} from "../../backend/mod.ts";
import { object, type Rule } from "../../rules/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { check, differs } from "./assert.ts";
import { type Draw, draw } from "./draw.ts";
import type { ConformanceCase } from "./harness.ts";
import { secondsOf } from "./samples.ts";
import { type Contents, readAll, readEach } from "./universe.ts";

/** Kinds that store what they are given, whatever is stored already. */
const STORING = /\.(put|set|save)$/;

/** Sorts of numbers that no read returns: the times from which rows expire, and lengths of stored values. */
const UNREAD: readonly string[] = ["now", "storedLength", "accountId"];

/** Parts that no read returns. */
const UNREAD_PARTS: readonly string[] = [
  // When the row expires.
  "msgSecret.put entries.expiresAt",
  // From which change of the collection the MAC is.
  "mutationMacs.put version",
];

/** What shows every part, so that it would hide what the read of a single row lacks. */
const LISTING: readonly ReadMethod[] = ["listRows"];

type Path = readonly (string | number)[];

interface Part {
  readonly path: Path;
  readonly rule: Rule;
}

/** A value with every optional part present, one item in each list, and small numbers. */
function whole(rule: Rule, from: Draw): unknown {
  switch (rule.type) {
    case "optional":
      return whole(rule.rule, from);
    case "integer":
      return UNREAD.includes(rule.sort) || rule.sort === "keyId" ? draw(rule, from) : Math.max(rule.min, 1);
    case "flag":
      return true;
    case "list":
      return [whole(rule.item, from)];
    case "tuple":
      return rule.parts.map((part) => whole(part, from));
    case "map":
      return new Map([["android", whole(rule.value, from)]]);
    case "object":
      return Object.fromEntries(
        Object.entries(rule.members).map(([name, member]) => [name, whole(member, from)]),
      );
    default:
      return draw(rule, from);
  }
}

/** Every part of a value that has no parts of its own. */
function partsOf(rule: Rule, path: Path): Part[] {
  switch (rule.type) {
    case "optional":
      return partsOf(rule.rule, path);
    case "list":
      return partsOf(rule.item, [...path, 0]);
    case "tuple":
      return rule.parts.flatMap((part, index) => partsOf(part, [...path, index]));
    case "map":
      return partsOf(rule.value, [...path, "android"]);
    case "object":
      return Object.entries(rule.members).flatMap(([name, member]) => partsOf(member, [...path, name]));
    case "integer":
      return UNREAD.includes(rule.sort) ? [] : [{ path, rule }];
    default:
      return [{ path, rule }];
  }
}

/** Another value of a part. */
function other(rule: Rule, value: unknown, from: Draw): unknown {
  if (rule.type === "flag") return value !== true;
  if (rule.type === "integer" && rule.sort !== "keyId") return Math.min(rule.max, Number(value) + 1);
  for (let round = 0; round < 100; round += 1) {
    const drawn = draw(rule, from);
    if (differs(drawn, value)) return drawn;
  }
  throw new RangeError("members: the universe has one value for a part");
}

function at(value: unknown, key: string | number): unknown {
  return value instanceof Map ? value.get(key) : (value as Readonly<Record<string | number, unknown>>)[key];
}

/** A copy of a value with the part at `path` replaced. */
function replaced(value: unknown, path: Path, part: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return part;
  const next = replaced(at(value, key), rest, part);
  if (Array.isArray(value)) return value.with(Number(key), next);
  if (value instanceof Map) return new Map([...value, [key, next]]);
  return { ...(value as object), [key]: next };
}

/** The reads whose answers are not the same in two pictures. */
function changedReads(before: Contents, after: Contents): ReadMethod[] {
  return READ_METHODS.filter((method) => !LISTING.includes(method) && differs(before[method], after[method]));
}

async function readThese(backend: Backend, methods: readonly ReadMethod[]): Promise<unknown[]> {
  return await Promise.all(methods.map((method) => readEach(backend, method)));
}

/** Changes each part of one kind of write in turn: some read must answer otherwise. */
async function changeEachPart(
  backend: Backend,
  kind: WriteKind,
  { before, from }: { readonly before: Contents; readonly from: Draw },
): Promise<Contents> {
  const rule = object(WRITES[kind].fields as never) as Rule;
  let write = { ...(whole(rule, from) as object), kind } as Write;
  await backend.commit([write]);
  const after = await readAll(backend);
  const methods = changedReads(before, after);
  check(methods.length > 0, `${kind}: no read shows what was written`);
  let contents = await readThese(backend, methods);
  for (const { path, rule: part } of partsOf(rule, [])) {
    const name = path.filter((key) => key !== 0).join(".");
    if (UNREAD_PARTS.includes(`${kind} ${name}`)) continue;
    const value = path.reduce<unknown>(at, write);
    write = replaced(write, path, other(part, value, from)) as Write;
    await backend.commit([write]);
    const next = await readThese(backend, methods);
    check(differs(next, contents), `${kind}: no read shows a change of ${name}`);
    contents = next;
  }
  return await readAll(backend);
}

/** Every part of every stored row is stored: a mapper that leaves an optional one out would still compile. */
export const memberCases: readonly ConformanceCase[] = [
  {
    name: "members: a change of any part of any row is read back",
    run: async (harness) => {
      const backend = await harness.open("members");
      const from: Draw = { random: new SeededRandom(1), nowS: secondsOf(harness.clock) };
      let before = await readAll(backend);
      for (const kind of Object.keys(WRITES) as WriteKind[]) {
        if (STORING.test(kind)) before = await changeEachPart(backend, kind, { before, from });
      }
    },
  },
];
