/**
 * Calls everything that is public with hostile values, and judges what comes of it. A call may succeed or
 * fail with an error that names the argument; it must not fail with an error of the language from inside,
 * repeat a value in its message, hang, or reject without a handler.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ArgumentRangeError, ArgumentTypeError, StoreError } from "../../src/errors/mod.ts";
import type { SeededRandom } from "../../src/testing/mod.ts";
import { hostileValue, MARKER, TrapError } from "./hostile_values.ts";

/** Time after which a call that was not settled counts as one that hangs. */
const HANG_MS = 2_000;

/** How a message of this package begins: an action and a colon. Errors of the engine have none. */
const OURS = /^[a-z][\w .'’()-]*: /i;

/**
 * Errors that a value throws at any access: a revoked proxy, a proxy of a map or of bytes,
 * and a class that is called.
 */
const BY_ITSELF = /proxy that has been revoked|incompatible receiver|Class constructor/;

/** Methods that end the object, wait for another call, or belong to the test's own doubles. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "close",
  "erase",
  "abandon",
  "deleteAccount",
  "clearAccount",
  "constructor",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "toLocaleString",
]);

/**
 * Exports that are not called: errors, made of the text that they are given; classes that only their own
 * functions construct; the comparison of a sort; and those of the Worker, which get what the platform passes.
 */
const NOT_CALLED =
  /Error$|^(TypedCache|SqlRegistry|compareText|AccountObject|HostedObject|accountObject|registryObject|objectAccounts|serveAccounts)$/;

/** Something that can be called. */
export interface Callable {
  readonly name: string;
  call(args: readonly unknown[]): unknown;
}

/** What a call has done wrong. */
export interface Complaint {
  readonly call: string;
  readonly args: string;
  readonly fault: string;
}

/** The functions and classes of all doors that load on this runtime. */
export async function publicExports(): Promise<Callable[]> {
  const folder = join(import.meta.dirname, "../../src/exports");
  const found: Callable[] = [];
  for (const file of readdirSync(folder).sort()) {
    // Each of the two imports a module of its own platform.
    if (file === "cloudflare.ts" || file === "bun_sqlite.ts") continue;
    const door: Record<string, unknown> = await import(join(folder, file));
    for (const [name, value] of Object.entries(door)) {
      if (typeof value !== "function" || NOT_CALLED.test(name)) continue;
      const place = `${file.replace(".ts", "")}.${name}`;
      found.push(...(isClass(value) ? staticsOf(place, value) : [{ name: place, call: call(value) }]));
    }
  }
  return found;
}

/** The methods and setters of an object. */
export function methodsOf(name: string, target: object, only?: readonly string[]): Callable[] {
  const found = new Map<string, Callable>();
  for (let level: object | null = target; level !== null && level !== Object.prototype; ) {
    for (const key of Reflect.ownKeys(level)) {
      if (typeof key === "symbol" || LEFT_OUT.has(key) || found.has(key)) continue;
      if (only !== undefined && !only.includes(key)) continue;
      const property = Object.getOwnPropertyDescriptor(level, key);
      if (typeof property?.value === "function") {
        const method = property.value as (...args: unknown[]) => unknown;
        found.set(key, { name: `${name}.${key}`, call: (args) => method.apply(target, [...args]) });
      } else if (property?.set !== undefined) {
        const { set } = property;
        found.set(key, { name: `${name}.${key} =`, call: ([value]) => set.call(target, value) });
      }
    }
    level = Object.getPrototypeOf(level);
  }
  return [...found.values()];
}

function call(value: unknown): Callable["call"] {
  return (args) => (value as (...args: unknown[]) => unknown)(...args);
}

function isClass(value: unknown): value is new (...args: unknown[]) => object {
  return Function.prototype.toString.call(value).startsWith("class");
}

function staticsOf(name: string, value: new (...args: unknown[]) => object): Callable[] {
  const found: Callable[] = [{ name: `new ${name}`, call: (args) => new value(...args) }];
  for (const key of Object.getOwnPropertyNames(value)) {
    const method = Object.getOwnPropertyDescriptor(value, key)?.value;
    if (typeof method !== "function" || isClass(method)) continue;
    found.push({ name: `${name}.${key}`, call: (args) => method.apply(value, [...args]) });
  }
  return found;
}

/** Names of members in the package's types, for objects with hostile members. */
export function memberNames(): string[] {
  const folder = join(import.meta.dirname, "../../src");
  const names = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.endsWith("_test.ts")) continue;
    for (const [, name] of readFileSync(join(folder, file), "utf8").matchAll(/^ {2}readonly (\w+)\??:/gm)) {
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

/** What arguments are made of. */
export interface ArgumentSource {
  readonly random: SeededRandom;
  readonly members: readonly string[];
  /** Makes a valid value, so that a call gets past its first check. */
  readonly plausible: readonly (() => unknown)[];
}

/** The arguments of one call, with their description. */
export function hostileArguments(source: ArgumentSource): { values: unknown[]; text: string } {
  const { random } = source;
  const made = Array.from({ length: random.below(4) }, () => argument(source, 0));
  return { values: made.map(({ value }) => value), text: made.map(({ name }) => name).join(", ") };
}

function argument(source: ArgumentSource, depth: number): { name: string; value: unknown } {
  const { random, plausible, members } = source;
  const kind = random.below(10);
  if (kind < 3) {
    const index = random.below(plausible.length);
    return { name: `valid ${index}`, value: plausible[index]?.() };
  }
  if (kind < 5 && depth < 2) {
    const parts = Array.from({ length: 1 + random.below(5) }, () => argument(source, depth + 1));
    if (random.oneIn(3)) {
      return {
        name: `[${parts.map(({ name }) => name).join(", ")}]`,
        value: parts.map(({ value }) => value),
      };
    }
    const entries = parts.map((part) => [random.pick(members), part] as const);
    const text = entries.map(([key, { name }]) => `${key}: ${name}`).join(", ");
    return {
      name: `{ ${text} }`,
      value: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
    };
  }
  return hostileValue(random);
}

/** Makes a call, waits for what it returns, and says what was wrong. */
export async function judge(callable: Callable, args: readonly unknown[]): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const result = callable.call(args);
    // Reading `then` of a hostile value that was handed through may throw.
    if (!(result instanceof Promise)) return undefined;
    const hang = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("hangs"), HANG_MS);
    });
    const answer = await Promise.race([result.then(() => undefined), hang]);
    return answer;
  } catch (error) {
    return faultOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** What is wrong with a thrown value. */
export function faultOf(error: unknown): string | undefined {
  // The caller's own error, thrown by its getter, function or promise.
  if (error instanceof TrapError) return undefined;
  if (error instanceof TypeError && BY_ITSELF.test(error.message)) return undefined;
  if (!(error instanceof Error)) return `throws a ${typeof error}`;
  const text = `${error.name}: ${error.message}`;
  if (text.includes(MARKER)) return `repeats a value: ${text.slice(0, 160)}`;
  if (text.length > 400) return `has a message of ${text.length} characters: ${text.slice(0, 160)}`;
  if (error instanceof StoreError) return undefined;
  if (error instanceof ArgumentTypeError || error instanceof ArgumentRangeError) return undefined;
  return OURS.test(error.message) ? undefined : `from inside: ${text}`;
}
