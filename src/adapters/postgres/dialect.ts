import {
  COLLECTION_PAGE,
  FIRST_COLLECTION_PAGE,
  PAGE_ROWS,
  SCOPED_TABLES,
  type SqlStatement,
  type SqlValue,
} from "../sqlite/mod.ts";
import { firstPage, LISTED_MIXED, listedPage } from "./collection_pages.ts";
import { lockOf } from "./locks.ts";
import { RECORD_ACTION, recordAction } from "./recorded_action.ts";
import { type Names, type Translation, translate } from "./translate.ts";

/** Statements that are remembered. The backend has some hundreds, the same for all accounts. */
const MAX_TEXTS = 4_096;

/** Tables of the registry of a service, which may share the schema. */
const REGISTRY_TABLES = ["account", "token", "clock", "schema", "audit"].map((name) => `service_${name}`);

/** A translation, and the lock that its statement needs. */
export interface TranslatedStatement extends Translation {
  readonly lock: ((statement: SqlStatement) => number) | undefined;
}

/** Translates statements of the SQLite backend, each once. */
export class Dialect {
  readonly #names: Names;
  #texts = new Map<string, TranslatedStatement>();

  constructor(schema: string) {
    this.#names = {
      schema,
      tables: new Set([
        ...SCOPED_TABLES.map(({ name }) => name),
        ...["account", "holdfast_schema"],
        ...REGISTRY_TABLES,
      ]),
    };
  }

  get schema(): string {
    return this.#names.schema;
  }

  /** @param params Those of the statement, for their types. */
  translate(sql: string, params: readonly SqlValue[]): TranslatedStatement {
    let found = this.#texts.get(sql);
    if (found === undefined) {
      if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
      const translation = this.#whole(sql) ?? translate(sql, params, this.#names);
      found = { ...translation, lock: lockOf(sql) };
      this.#texts.set(sql, found);
    }
    return found;
  }

  /** These statements have a form of their own here. */
  #whole(text: string): Translation | undefined {
    const { schema } = this.#names;
    if (text === FIRST_COLLECTION_PAGE)
      return { sql: firstPage(schema, PAGE_ROWS), reads: true, mixed: undefined, insert: undefined };
    if (text === COLLECTION_PAGE)
      return { sql: listedPage(schema), reads: true, mixed: LISTED_MIXED, insert: undefined };
    if (text.startsWith(RECORD_ACTION))
      return { sql: recordAction(schema), reads: false, mixed: undefined, insert: undefined };
    return undefined;
  }
}
