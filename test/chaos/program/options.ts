import { parseArgs } from "node:util";
import { PROTECTIONS, type Protection } from "../../support/protections/names.ts";
import { CHAOS_CLIENTS, type ChaosClientKind } from "../clients/node_runtime.ts";
import { CHAOS_PLACES, type ChaosPlace } from "../places/places.ts";

export const USAGE: string = `npm run chaos -- [options]
  --seeds N     how many seeds, default 8
  --steps M     steps of each, default 2000
  --seed S      the first seed, default 1
  --without P   leaves a protection out: ${PROTECTIONS.join(", ")}; may be repeated
  --client C    ${CHAOS_CLIENTS.join(" or ")}: what uses the account; by turns by default
  --over O      ${CHAOS_PLACES.join(", ")}: where the account is, default memory (see places/places.ts)
  --workers W   processes that share the seeds, default 1
  --twice       runs each seed twice: a second run that does something else is a violation
  --shrink      looks for fewer steps with which a failing seed still fails
  --keep NAME   as --shrink, and keeps the steps in test/chaos/plans/NAME.json, which the tests take
  --plan 3,17   takes only these steps, as --shrink prints them
  --trace       prints every decision`;

/** What the program was asked to do. */
export interface Options {
  readonly seeds: readonly number[];
  readonly steps: number;
  readonly off: readonly Protection[];
  /** Undefined: by turns. */
  readonly client: ChaosClientKind | undefined;
  readonly place: ChaosPlace;
  readonly workers: number;
  readonly isTwice: boolean;
  readonly isShrunk: boolean;
  /** Name under which the shrunk plan is kept. */
  readonly keep: string | undefined;
  /** Undefined: all steps. */
  readonly plan: ReadonlySet<number> | undefined;
  readonly isTraced: boolean;
  readonly isHelp: boolean;
}

const OPTIONS = {
  seeds: { type: "string", default: "8" },
  steps: { type: "string", default: "2000" },
  seed: { type: "string", default: "1" },
  workers: { type: "string", default: "1" },
  client: { type: "string" },
  over: { type: "string", default: "memory" },
  twice: { type: "boolean", default: false },
  shrink: { type: "boolean", default: false },
  keep: { type: "string" },
  plan: { type: "string" },
  trace: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
  without: { type: "string", multiple: true, default: [] as string[] },
} as const;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const first = countOf("seed", values.seed);
  const client = values.client === undefined ? undefined : oneOf("client", values.client, CHAOS_CLIENTS);
  return {
    seeds: Array.from({ length: countOf("seeds", values.seeds) }, (_, index) => first + index),
    steps: countOf("steps", values.steps),
    off: values.without.map((name) => oneOf("without", name, PROTECTIONS)),
    client,
    place: oneOf("over", values.over, CHAOS_PLACES),
    workers: countOf("workers", values.workers),
    isTwice: values.twice,
    isShrunk: values.shrink || values.keep !== undefined,
    keep: values.keep === undefined ? undefined : nameOf(values.keep),
    plan: values.plan === undefined ? undefined : planOf(values.plan),
    isTraced: values.trace,
    isHelp: values.help,
  };
}

/** The arguments that run a seed as these options do, besides the seed and the steps. */
export function flagsOf({ client, place }: Pick<Options, "client" | "place">): string[] {
  return [
    ...(client === undefined ? [] : ["--client", client]),
    ...(place === "memory" ? [] : ["--over", place]),
  ];
}

function nameOf(text: string): string {
  if (!/^[a-z0-9_]+$/.test(text)) throw new RangeError(`--keep: ${text} is no name of a file`);
  return text;
}

function planOf(text: string): ReadonlySet<number> {
  return new Set(text.split(",").map((step) => countOf("plan", step)));
}

function countOf(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`--${name}: ${text} is no count`);
  return value;
}

function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new RangeError(`--${option}: ${text} is none of ${names.join(", ")}`);
  return found;
}
