/** A runtime with a test runner. */
export type KitRuntime = "node" | "workerd" | "deno" | "bun";

/** How much of the kit a run without a long dose has. */
export type KitDose = "all" | "part";

/** A target of the kit. */
export interface KitRow {
  /** Its first column in the table. */
  readonly title: string;
  /** The name of the target in the tests that register it, or of the row where a function makes it. */
  readonly target: string | Readonly<Partial<Record<KitRuntime, string>>>;
  readonly runs: Readonly<Partial<Record<KitRuntime, KitDose>>>;
}

/** The rows of the table, by the names of their targets. */
export declare const KIT_RUNS: Readonly<Record<string, KitRow>>;
/** Names of further targets. */
export declare const WRAPPERS: readonly string[];
/** The table of docs/guide/drivers.md as Markdown. */
export declare function kitTable(): string;
/** The short table of the README as Markdown. */
export declare function backendTable(): string;
