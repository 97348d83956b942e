import type { Write, WriteKind, WriteOf } from "../../backend/mod.ts";
import type { RowStatement } from "./row_statement.ts";
import type { SqlLimits, SqlResult, SqlStatement, SqlValue } from "./sql_driver.ts";

/** The account whose rows are written, and what one statement may hold. */
export interface WriteScope {
  readonly deviceId: number;
  readonly limits: SqlLimits;
}

/**
 * Writes that replace rows without a condition. Those of one kind share statements. Each row is given without its
 * device id.
 */
export interface RowPlanner<W extends Write> {
  readonly table: string;
  /** One for all writes of the kind, or chosen by what a write has. */
  readonly statement: RowStatement | ((write: W) => RowStatement);
  rows(write: W): readonly (readonly SqlValue[])[];
}

/** Writes whose effect depends on what is stored. Each has statements of its own, which tell the rows changed. */
export interface StatementPlanner<W extends Write> {
  readonly table: string;
  statements(write: W, scope: WriteScope): readonly SqlStatement[];
}

/** How the writes of one kind become statements. */
export type Planner<W extends Write> = RowPlanner<W> | StatementPlanner<W>;

/** One planner for each of some kinds. */
export type PlannersOf<K extends WriteKind> = { readonly [Kind in K]: Planner<WriteOf<Kind>> };

/** One kind of rows, collected from consecutive writes. */
interface RowGroup {
  readonly statement: RowStatement;
  readonly rows: (readonly SqlValue[])[];
  /** For each row, the index of its write. */
  readonly writes: number[];
}

interface SingleStatement {
  readonly statement: SqlStatement;
  /** The index of its write. */
  readonly write: number;
  /** Whether the rows that it changes count. */
  readonly counted: boolean;
}

/** Where each statement of a plan comes from. */
interface Origin {
  /** The only write that the statement belongs to, `undefined` when there are several. */
  readonly write: number | undefined;
  /** Whether its changed rows are counted when it ran; rows of a group were counted before. */
  readonly counted: boolean;
}

/**
 * Turns a list of writes into statements.
 *
 * Writes of one table keep their order. Rows of one kind that are not separated by another kind on the same table share
 * statements. Writes on different tables do not meet, so they may be applied in another order than they were given.
 */
export class WritePlan {
  readonly #scope: WriteScope;
  readonly #steps: (RowGroup | SingleStatement)[] = [];
  /** The group that still takes rows, for each table. */
  readonly #open = new Map<string, RowGroup>();
  readonly #changed: number[] = [];
  #origins: Origin[] = [];

  constructor(scope: WriteScope) {
    this.#scope = scope;
  }

  /** Adds the next write. @throws {RangeError | TypeError} When a part of it cannot be encoded. */
  add<W extends Write>(write: W, planner: Planner<W>): void {
    const index = this.#changed.length;
    if ("rows" in planner) {
      const rows = planner.rows(write);
      this.#changed.push(rows.length);
      if (rows.length === 0) return;
      const { table, statement } = planner;
      const group = this.#groupFor(table, typeof statement === "function" ? statement(write) : statement);
      for (const row of rows) {
        group.rows.push(row);
        group.writes.push(index);
      }
    } else {
      this.#changed.push(0);
      this.#open.delete(planner.table);
      for (const statement of planner.statements(write, this.#scope)) {
        this.#steps.push({ statement, write: index, counted: true });
      }
    }
  }

  /** Adds a write that touches every table: nothing moves across it. Rows that `uncounted` changes are not counted. */
  addBarrier(statements: readonly SqlStatement[], uncounted: readonly SqlStatement[] = []): void {
    const index = this.#changed.length;
    this.#changed.push(0);
    this.#open.clear();
    for (const statement of statements) this.#steps.push({ statement, write: index, counted: true });
    for (const statement of uncounted) this.#steps.push({ statement, write: index, counted: false });
  }

  /** The statements, in order. */
  statements(): SqlStatement[] {
    const statements: SqlStatement[] = [];
    this.#origins = [];
    for (const step of this.#steps) {
      if (!("rows" in step)) {
        statements.push(step.statement);
        this.#origins.push({ write: step.write, counted: step.counted });
        continue;
      }
      for (const { statement, start, end } of step.statement.split(
        this.#scope.deviceId,
        step.rows,
        this.#scope.limits,
      )) {
        statements.push(statement);
        const first = step.writes[start];
        this.#origins.push({ write: first === step.writes[end - 1] ? first : undefined, counted: false });
      }
    }
    return statements;
  }

  /** Rows changed by each write, from the answers to `statements()`. */
  changed(results: readonly SqlResult[]): number[] {
    const changed = [...this.#changed];
    for (const [index, { write, counted }] of this.#origins.entries()) {
      if (counted && write !== undefined) {
        changed[write] = (changed[write] ?? 0) + (results[index]?.rowsAffected ?? 0);
      }
    }
    return changed;
  }

  /** The write that a statement belongs to, `undefined` when it belongs to several. */
  writeOf(statementIndex: number): number | undefined {
    return this.#origins[statementIndex]?.write;
  }

  #groupFor(table: string, statement: RowStatement): RowGroup {
    const open = this.#open.get(table);
    if (open?.statement === statement) return open;
    const group: RowGroup = { statement, rows: [], writes: [] };
    this.#open.set(table, group);
    this.#steps.push(group);
    return group;
  }
}
