/**
 * `npm run chaos`: many seeds, many steps. It ends with one line of counts, and with 1 when something went
 * wrong.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PROTECTIONS, type Protection } from "../support/protections.ts";
import { addCounts, type ChaosCounts, countsLine, newCounts } from "./counts.ts";
import { runChaos } from "./machine.ts";
import { CHAOS_CLIENTS, type ChaosClientKind, clientOf, nodeRuntimes } from "./node_runtime.ts";
import { CHAOS_PLACES, type ChaosPlace, openPlace } from "./places.ts";
import { ChaosViolation } from "./violation.ts";

const USAGE = `npm run chaos -- [options]
  --seeds N     how many seeds, default 8
  --steps M     steps of each, default 2000
  --seed S      the first seed, default 1
  --without P   leaves a protection out: ${PROTECTIONS.join(", ")}; may be repeated
  --client C    ${CHAOS_CLIENTS.join(" or ")}: what uses the account; by turns by default
  --over O      ${CHAOS_PLACES.join(", ")}: where the account is, default memory (see places.ts)
  --workers W   processes that share the seeds, default 1
  --trace       prints every decision`;

/** What became of one seed. */
interface Outcome {
  readonly seed: number;
  readonly text: string;
  /** Of a run that ended well. */
  readonly counts: ChaosCounts | undefined;
}

interface Options {
  readonly seeds: readonly number[];
  readonly steps: number;
  readonly off: readonly Protection[];
  readonly client: ChaosClientKind | undefined;
  readonly place: ChaosPlace;
  readonly isTraced: boolean;
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "8" },
    steps: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    stride: { type: "string", default: "1" },
    workers: { type: "string", default: "1" },
    client: { type: "string" },
    over: { type: "string", default: "memory" },
    trace: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    without: { type: "string", multiple: true, default: [] },
  },
});

function integer(name: "seeds" | "steps" | "seed" | "stride" | "workers"): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${name}: ${values[name]} is no count`);
  return value;
}

function readOptions(): Options {
  const first = integer("seed");
  const stride = integer("stride");
  const off = values.without.map((name) => {
    const protection = PROTECTIONS.find((known) => known === name);
    if (protection === undefined)
      throw new RangeError(`--without: no protection ${name}; there are ${PROTECTIONS.join(", ")}`);
    return protection;
  });
  const seeds = Array.from({ length: integer("seeds") }, (_, index) => first + index * stride);
  const client = CHAOS_CLIENTS.find((known) => known === values.client);
  if (client === undefined && values.client !== undefined)
    throw new RangeError(`--client: no client ${values.client}; there are ${CHAOS_CLIENTS.join(", ")}`);
  const place = CHAOS_PLACES.find((known) => known === values.over);
  if (place === undefined)
    throw new RangeError(`--over: no place ${values.over}; there are ${CHAOS_PLACES.join(", ")}`);
  return { seeds, steps: integer("steps"), off, client, place, isTraced: values.trace };
}

/** Runs seeds one after the other. */
async function runSeeds(options: Options, report: (outcome: Outcome) => void): Promise<void> {
  const { seeds, steps, off, client, place, isTraced } = options;
  // libsignal-node prints whole sessions.
  for (const method of ["info", "warn", "error"] as const) console[method] = () => {};
  let unhandled: unknown;
  process.on("unhandledRejection", (error) => {
    unhandled = error;
  });
  const takeUnhandled = (): unknown => {
    const error = unhandled;
    unhandled = undefined;
    return error;
  };
  const told = isTraced ? (line: string): void => console.log(line) : undefined;
  const newRuntime = await nodeRuntimes();
  await using databases = await openPlace(place);
  for (const seed of seeds) {
    const beganAt = performance.now();
    try {
      const { counts, digest } = await runChaos(
        newRuntime(client ?? clientOf(seed), await databases.create()),
        {
          seed,
          steps,
          off,
          flags: flagsOf(options),
          takeUnhandled,
          told,
        },
      );
      const seconds = ((performance.now() - beganAt) / 1_000).toFixed(1);
      report({ seed, text: `seed ${seed}: ${counts.sends} sends, trace ${digest}, ${seconds} s`, counts });
    } catch (error) {
      if (!(error instanceof ChaosViolation)) throw error;
      const cause = error.cause instanceof Error ? `\ncause: ${error.cause.stack}` : "";
      report({ seed, text: `${error.message}${cause}`, counts: undefined });
    }
  }
}

/** What else a command needs to run a seed as these options do. */
function flagsOf({ client, place }: Options): string[] {
  return [
    ...(client === undefined ? [] : ["--client", client]),
    ...(place === "memory" ? [] : ["--over", place]),
  ];
}

/** Hands every `workers`-th seed to one process. */
async function share(options: Options, workers: number, report: (outcome: Outcome) => void): Promise<void> {
  const { seeds, steps, off } = options;
  const run = (at: number): Promise<void> => {
    const mine = seeds.filter((_, index) => index % workers === at);
    if (mine.length === 0) return Promise.resolve();
    const child: ChildProcess = fork(fileURLToPath(import.meta.url), [
      ...["--seeds", String(mine.length), "--seed", String(mine[0]), "--stride", String(workers)],
      ...flagsOf(options),
      ...["--steps", String(steps), ...off.flatMap((protection) => ["--without", protection])],
    ]);
    child.on("message", (outcome) => report(outcome as Outcome));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) =>
        code === 0 || code === 1 ? resolve() : reject(new Error(`chaos: a process ended with ${code}`)),
      );
    });
  };
  await Promise.all(Array.from({ length: workers }, (_, at) => run(at)));
}

async function main(): Promise<void> {
  if (values.help) return console.log(USAGE);
  const options = readOptions();
  const send = process.send?.bind(process);
  const total = newCounts();
  const done: number[] = [];
  let violations = 0;
  const report = (outcome: Outcome): void => {
    done.push(outcome.seed);
    if (outcome.counts === undefined) violations += 1;
    else addCounts(total, outcome.counts);
    if (send !== undefined) send(outcome);
    else console.log(`${done.length}/${options.seeds.length} ${outcome.text}`);
  };
  const workers = integer("workers");
  if (workers === 1) await runSeeds(options, report);
  else await share(options, workers, report);
  const missing = options.seeds.filter((seed) => !done.includes(seed));
  if (missing.length > 0) throw new Error(`chaos: nothing was heard of seeds ${missing.join(", ")}`);
  if (send === undefined) console.log(`${countsLine(total)}, ${violations} violations`);
  if (violations > 0) process.exitCode = 1;
}

await main();
