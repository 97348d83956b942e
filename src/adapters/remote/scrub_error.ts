/** Maximum depth of causes to inspect. */
const MAX_DEPTH = 5;

/**
 * Removes secret texts from an error and its causes. Some hosts put the URL of a failed request there.
 * Returns the same error if it contains none of them, else a copy.
 *
 * @param secrets Texts, none of them empty.
 */
export function scrubError(error: unknown, secrets: readonly string[], depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === "string" ? scrubText(error, secrets) : error;
  if (depth === MAX_DEPTH) return undefined;
  const message = scrubText(error.message, secrets);
  const cause = scrubError(error.cause, secrets, depth + 1);
  const isTelling = [error.message, error.stack ?? ""].some((text) => scrubText(text, secrets) !== text);
  if (!isTelling && cause === error.cause) return error;
  const copy = new Error(message, cause === undefined ? undefined : { cause });
  copy.name = error.name;
  return copy;
}

function scrubText(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret, "…"), text);
}
