import { requireFunction, requireObject } from "../errors/mod.ts";

/** Checks that a value has the methods of a port. @throws {TypeError} */
export function requirePort(what: string, value: unknown, methods: readonly string[]): void {
  requireObject(what, value);
  for (const method of methods)
    requireFunction(`${what}.${method}`, (value as Record<string, unknown>)[method]);
}

/** Checks the port of an importer's database. @throws {TypeError} */
export function requireSqlReader(value: unknown): void {
  requirePort("import account: the database", value, ["all"]);
}

/** Checks the port of an exporter's database. @throws {TypeError} */
export function requireSqlWriter(value: unknown): void {
  requirePort("export account: the database", value, ["all", "transaction"]);
}
