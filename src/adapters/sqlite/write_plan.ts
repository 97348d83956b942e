import { type TableName, tableOf, type Write, type WriteKind, type WriteOf } from "../../backend/mod.ts";
import type { RowRemoval } from "./row_removal.ts";
import { RowStatement } from "./row_statement.ts";
import type { SqlLimits, SqlResult, SqlStatement, SqlValue } from "./sql_driver.ts";

/** The account whose rows are written, and the limits of one statement. */
export interface WriteScope {
  readonly accountId: number;
  readonly limits: SqlLimits;
}

/**
 * Writes that replace rows without a condition. Writes of one kind share statements. Rows are passed without
 * the account id.
 */
export interface RowPlanner<W extends Write> {
  /** One for all writes of the kind, or chosen by what a write has. */
  readonly statement: RowStatement | ((write: W) => RowStatement);
  rows(write: W): readonly (readonly SqlValue[])[];
}

/**
 * Writes that remove the row of a key. Writes of one kind share statements, which return the rows that
 * existed.
 */
export interface RemovalPlanner<W extends Write> {
  readonly removal: RowRemoval;
  /** The key, without the account id. */
  key(write: W): readonly SqlValue[];
}

/** Writes whose effect depends on stored rows. Each has its own statements, which return the changed rows. */
export interface StatementPlanner<W extends Write> {
  statements(write: W, scope: WriteScope): readonly SqlStatement[];
}

/** Converts the writes of one kind to statements. */
export type Planner<W extends Write> = RowPlanner<W> | RemovalPlanner<W> | StatementPlanner<W>;

/** One planner for each of some kinds. */
export type PlannersOf<K extends WriteKind> = { readonly [Kind in K]: Planner<WriteOf<Kind>> };

/** A list that is split into statements: rows to put, or keys of rows to remove. */
type Splitter = RowStatement | RowRemoval;

/** Rows or keys of one kind, collected from consecutive writes. */
interface RowGroup {
  readonly splitter: Splitter;
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

/** The writes of each statement of a plan. */
interface Origin {
  /** The only write that the statement belongs to, `undefined` when there are several. */
  readonly write: number | undefined;
  /** Whether its changed rows are counted when it ran; rows that are put were counted before. */
  readonly counted: boolean;
  /** Says for each of its keys whose row was there, and whose write it is. */
  readonly removal?: {
    readonly of: RowRemoval;
    readonly keys: readonly (readonly SqlValue[])[];
    readonly writes: readonly number[];
  };
}

/**
 * Turns a list of writes into statements.
 *
 * Writes of one table keep their order. Rows of one kind that are not separated by another kind on the same
 * table share statements, whether they are put or removed. Writes on different tables are independent, so
 * their order may change.
 */
export class WritePlan {
  readonly #scope: WriteScope;
  readonly #steps: (RowGroup | SingleStatement)[] = [];
  /** The group that still takes rows, for each table. */
  readonly #open = new Map<TableName, RowGroup>();
  readonly #changed: number[] = [];
  #origins: Origin[] = [];

  constructor(scope: WriteScope) {
    this.#scope = scope;
  }

  /** Adds the next write. @throws {RangeError | TypeError} When a part of it cannot be encoded. */
  add<W extends Write>(write: W, planner: Planner<W>): void {
    const index = this.#changed.length;
    const table = tableOf(write.kind);
    if ("rows" in planner) {
      const rows = planner.rows(write);
      this.#changed.push(rows.length);
      if (rows.length === 0) return;
      const { statement } = planner;
      const group = this.#groupFor(table, typeof statement === "function" ? statement(write) : statement);
      for (const row of rows) {
        group.rows.push(row);
        group.writes.push(index);
      }
    } else if ("removal" in planner) {
      this.#changed.push(0);
      const group = this.#groupFor(table, planner.removal);
      group.rows.push(planner.key(write));
      group.writes.push(index);
    } else {
      this.#changed.push(0);
      this.#open.delete(table);
      for (const statement of planner.statements(write, this.#scope)) {
        this.#steps.push({ statement, write: index, counted: true });
      }
    }
  }

  /**
   * Adds a write that changes every table. No other write moves across it. Rows that `uncounted` changes are
   * not counted.
   */
  addBarrier(statements: readonly SqlStatement[], uncounted: readonly SqlStatement[] = []): void {
    const index = this.#changed.length;
    this.#changed.push(0);
    this.#open.clear();
    for (const statement of statements) this.#steps.push({ statement, write: index, counted: true });
    for (const statement of uncounted) this.#steps.push({ statement, write: index, counted: false });
  }

  /** The statements, in order. */
  statements(): SqlStatement[] {
    const { accountId, limits } = this.#scope;
    const statements: SqlStatement[] = [];
    this.#origins = [];
    for (const step of this.#steps) {
      if (!("rows" in step)) {
        statements.push(step.statement);
        this.#origins.push({ write: step.write, counted: step.counted });
        continue;
      }
      const { splitter, rows, writes } = step;
      for (const { statement, start, end } of splitter.split(accountId, rows, limits)) {
        statements.push(statement);
        const first = writes[start];
        const write = first === writes[end - 1] ? first : undefined;
        if (splitter instanceof RowStatement) this.#origins.push({ write, counted: false });
        else {
          const [keys, of] = [rows.slice(start, end), splitter];
          const removal = { of, keys, writes: writes.slice(start, end) };
          this.#origins.push({ write, counted: false, removal });
        }
      }
    }
    return statements;
  }

  /** Rows changed by each write, from the answers to `statements()`. */
  changed(results: readonly SqlResult[]): number[] {
    const changed = [...this.#changed];
    const add = (write: number, rows: number): void => {
      changed[write] = (changed[write] ?? 0) + rows;
    };
    for (const [index, { write, counted, removal }] of this.#origins.entries()) {
      if (counted && write !== undefined) add(write, results[index]?.rowsAffected ?? 0);
      const removed = removal?.of.removed(removal.keys, results[index]) ?? [];
      for (const [at, wasThere] of removed.entries()) if (wasThere) add(removal?.writes[at] as number, 1);
    }
    return changed;
  }

  /** The write that a statement belongs to, `undefined` when it belongs to several. */
  writeOf(statementIndex: number): number | undefined {
    return this.#origins[statementIndex]?.write;
  }

  #groupFor(table: TableName, splitter: Splitter): RowGroup {
    const open = this.#open.get(table);
    if (open?.splitter === splitter) return open;
    const group: RowGroup = { splitter, rows: [], writes: [] };
    this.#open.set(table, group);
    this.#steps.push(group);
    return group;
  }
}
