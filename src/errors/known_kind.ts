/** Whether a value has a `kind` that is a key of the table itself, and not of its prototype. */
export function hasKnownKind(table: object, value: unknown): boolean {
  const kind = (value as { readonly kind?: unknown } | null | undefined)?.kind;
  return typeof kind === "string" && Object.hasOwn(table, kind);
}
