/** How many causes of causes are looked at. */
const MAX_DEPTH = 5;

/**
 * An error without texts that must not be told, wherever a host has put them: some name the URL of a request
 * that failed. One that holds none of them is answered as it is, any other as a copy.
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
