import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";
import { type Damage, type Library, makeBase } from "./damages.ts";

/** Copies that one process opens: a library keeps the descriptors of closed connections for a while. */
const OPENINGS_PER_PROCESS = 200;

/** What became of an account: how opening failed, or its identity and what was found of its rows. */
export interface Outcome {
  /** Name of the error of opening. `abort` when the process ended. */
  readonly error?: string;
  readonly message?: string;
  readonly identity?: string;
  /** `there`, `absent`, or the name of an error. */
  readonly senderKey?: string;
  readonly session?: string;
  readonly sessions?: string;
  readonly preKey?: string;
  readonly accounts?: string;
}

/** A file with an account, and processes that open damaged copies of it. */
export class DamagedFiles {
  readonly raw: Uint8Array;
  readonly identity: string;
  /** Where the root pages of tables and their indexes begin. */
  readonly #roots: ReadonlyMap<string, readonly number[]>;
  readonly #folder: string;
  readonly #program: NodeProgram;

  private constructor(folder: string, identity: string, program: NodeProgram) {
    this.#folder = folder;
    this.#program = program;
    this.identity = identity;
    const path = join(folder, "base.db");
    const database = new Database(path);
    const roots = database
      .prepare("SELECT tbl_name, rootpage FROM sqlite_master WHERE rootpage > 0")
      .all() as {
      readonly tbl_name: string;
      readonly rootpage: number;
    }[];
    database.close();
    const pages = new Map<string, number[]>();
    for (const { tbl_name: table, rootpage } of roots) {
      pages.set(table, [...(pages.get(table) ?? []), (rootpage - 1) * 8_192]);
    }
    this.#roots = pages;
    this.raw = readFileSync(path);
  }

  static async create(): Promise<DamagedFiles> {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-damage-"));
    const identity = await makeBase(join(folder, "base.db"));
    return new DamagedFiles(folder, identity, await buildProgram("test/damage/damaged_opener.ts"));
  }

  remove(): void {
    this.#program.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Where a text or bytes are in the file. */
  placesOf(needle: string | Uint8Array): number[] {
    const file = Buffer.from(this.raw);
    const places: number[] = [];
    for (let at = file.indexOf(needle); at >= 0; at = file.indexOf(needle, at + 1)) places.push(at);
    return places;
  }

  /** Where the root pages of these tables and of their indexes begin. */
  pagesOf(tables: readonly string[]): number[] {
    return tables.flatMap((table) => this.#roots.get(table) ?? []);
  }

  /** Opens a copy with each damage. */
  async open(library: Library, damages: readonly Damage[]): Promise<Outcome[]> {
    const list = join(this.#folder, "damages.json");
    writeFileSync(list, JSON.stringify(damages));
    const outcomes: Outcome[] = [];
    while (outcomes.length < damages.length) {
      const from = outcomes.length;
      const to = Math.min(damages.length, from + OPENINGS_PER_PROCESS);
      const lines = await this.#run([library, join(this.#folder, "base.db"), this.#folder, list, from, to]);
      for (const line of lines) {
        const [, json] = /^\d+ (.*)$/.exec(line) ?? [];
        if (json !== undefined) outcomes.push(JSON.parse(json) as Outcome);
      }
      if (outcomes.length < to) outcomes.push({ error: "abort" });
    }
    return outcomes;
  }

  async #run(args: readonly (string | number)[]): Promise<string[]> {
    const child = this.#program.start(args.map(String));
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += String(chunk);
    });
    child.stderr.resume();
    await new Promise((done) => child.on("close", done));
    return text.split("\n");
  }
}
