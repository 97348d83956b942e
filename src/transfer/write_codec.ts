import {
  DEVICE,
  type Device,
  initialDevice,
  type TableName,
  WRITES,
  type Write,
  type WriteKind,
} from "../backend/mod.ts";
import { isBytes } from "../bytes/mod.ts";
import { IncompatibleError } from "../errors/mod.ts";
import { object, type Rule } from "../rules/mod.ts";
import { TransferFileError } from "./transfer_error.ts";

/**
 * Writes as plain values: members have their names, so that a later release reads what an earlier one wrote,
 * whatever members have come since. What the rules check beside shapes is checked where a write is committed.
 */
type Plain = Readonly<Record<string, unknown>>;

const rules = new Map<string, Rule>();

function ruleOf(kind: WriteKind): Rule {
  let rule = rules.get(kind);
  if (rule === undefined) {
    rule = object(WRITES[kind].fields as never) as Rule;
    rules.set(kind, rule);
  }
  return rule;
}

/** The table that a write changes. */
export function tableOfWrite({ kind }: Write): TableName {
  return kind.slice(0, kind.indexOf(".")) as TableName;
}

/** The plain value of a write. */
export function plainOfWrite(write: Write): Plain {
  return { kind: write.kind, ...(toPlain(ruleOf(write.kind), write) as object) };
}

/** The plain value of a device. */
export function plainOfDevice(device: Device): unknown {
  return toPlain(DEVICE, device);
}

/**
 * The write of a plain value.
 *
 * @throws {IncompatibleError} When its kind or a member is unknown: a newer release has written it.
 * @throws {TransferFileError} When it is no write.
 */
export function writeOfPlain(plain: unknown): Write {
  if (!isPlainObject(plain) || typeof plain.kind !== "string") throw malformed();
  const { kind, ...members } = plain;
  if (!Object.hasOwn(WRITES, kind)) throw newer(kind);
  const fields = fromPlain(ruleOf(kind as WriteKind), members, kind) as object;
  return { kind, ...fields } as Write;
}

/**
 * The device of a plain value. Fields that it lacks are as in a new device. @throws As `writeOfPlain`, for
 * members of a device.
 */
export function deviceOfPlain(plain: unknown): Device {
  const found = fromPlain(DEVICE, plain, "device") as Partial<Device>;
  const present = Object.entries(found).filter(([, value]) => value !== undefined);
  return { ...initialDevice(), ...Object.fromEntries(present) } as Device;
}

function toPlain(rule: Rule, value: unknown): unknown {
  switch (rule.type) {
    case "uint64":
      return String(value);
    case "optional":
      return value === undefined ? undefined : toPlain(rule.rule, value);
    case "list":
      return (value as readonly unknown[]).map((item) => toPlain(rule.item, item));
    case "tuple":
      return rule.parts.map((part, index) => toPlain(part, (value as readonly unknown[])[index]));
    case "map":
      return [...(value as ReadonlyMap<string, unknown>)].map(([key, item]) => [
        key,
        toPlain(rule.value, item),
      ]);
    case "object": {
      const members = value as Plain;
      return Object.fromEntries(
        Object.entries(rule.members).map(([name, member]) => [name, toPlain(member, members[name])]),
      );
    }
    case "bytes":
    case "text":
    case "choice":
    case "integer":
    case "flag":
      return value;
  }
}

function fromPlain(rule: Rule, plain: unknown, place: string): unknown {
  switch (rule.type) {
    case "uint64":
      if (typeof plain !== "string" || !/^\d{1,20}$/.test(plain)) throw malformed();
      return BigInt(plain);
    case "optional":
      return plain === undefined ? undefined : fromPlain(rule.rule, plain, place);
    case "list":
      return listOf(plain).map((item) => fromPlain(rule.item, item, place));
    case "tuple": {
      const parts = listOf(plain);
      if (parts.length !== rule.parts.length) throw malformed();
      return rule.parts.map((part, index) => fromPlain(part, parts[index], place));
    }
    case "map":
      return new Map(
        listOf(plain).map((entry) => {
          const [key, item, ...more] = listOf(entry);
          if (typeof key !== "string" || more.length > 0) throw malformed();
          return [key, fromPlain(rule.value, item, place)] as const;
        }),
      );
    case "object":
      return membersOf(rule.members, plain, place);
    case "bytes":
      if (!isBytes(plain)) throw malformed();
      return plain;
    case "text":
    case "choice":
      if (typeof plain !== "string") throw malformed();
      return plain;
    case "integer":
      if (typeof plain !== "number") throw malformed();
      return plain;
    case "flag":
      if (typeof plain !== "boolean") throw malformed();
      return plain;
  }
}

function membersOf(rules: Readonly<Record<string, Rule>>, plain: unknown, place: string): object {
  if (!isPlainObject(plain)) throw malformed();
  for (const name in plain) if (!Object.hasOwn(rules, name)) throw newer(`${place}: ${name}`);
  return Object.fromEntries(
    Object.entries(rules)
      // A member that came later is absent, which each release allows for what it has added.
      .filter(([name]) => Object.hasOwn(plain, name))
      .map(([name, rule]) => [name, fromPlain(rule, plain[name], place)]),
  );
}

function listOf(plain: unknown): readonly unknown[] {
  if (!Array.isArray(plain)) throw malformed();
  return plain;
}

function isPlainObject(plain: unknown): plain is Plain {
  return typeof plain === "object" && plain !== null && !Array.isArray(plain) && !isBytes(plain);
}

function malformed(): TransferFileError {
  return new TransferFileError("malformed", "a record is malformed");
}

/** Names of kinds and members are no secrets. */
function newer(name: string): IncompatibleError {
  const shown = /^[\w.: -]{1,100}$/.test(name) ? name : "a member";
  return new IncompatibleError(`read transfer file: ${shown} is unknown, use the release that wrote it`);
}
