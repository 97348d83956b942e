import { signal } from "@preact/signals";

/** A place of the console, in the fragment of the address, so that any host of files serves all of them. */
export type Route =
  | { readonly page: "accounts"; readonly query: URLSearchParams }
  | { readonly page: "account"; readonly account: string }
  | { readonly page: "verify"; readonly account: string }
  | { readonly page: "tokens" }
  | { readonly page: "help" }
  | { readonly page: "missing" };

/** Where we are. */
export const route = signal<Route>(parseRoute(location.hash));

/** Reads the fragment of an address. */
export function parseRoute(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#/, "").split("?", 2);
  const [page, name, below, ...more] = path.replace(/^\//, "").split("/");
  if (page === "" || page === undefined || (page === "accounts" && name === undefined))
    return { page: "accounts", query: new URLSearchParams(query) };
  const account = decoded(name);
  if (page === "accounts" && account !== undefined && more.length === 0) {
    if (below === undefined) return { page: "account", account };
    if (below === "verify") return { page: "verify", account };
  }
  if ((page === "tokens" || page === "help") && name === undefined) return { page };
  return { page: "missing" };
}

/** The fragment of an account, and of a page below it. */
export function hrefOf(account: string, below?: "verify"): string {
  return `#/accounts/${encodeURIComponent(account)}${below === undefined ? "" : `/${below}`}`;
}

/** Goes to another place. */
export function go(fragment: string): void {
  location.hash = fragment;
}

/** Keeps the choices of the list in the address without a step of the history. */
export function keepQuery(query: URLSearchParams): void {
  const text = query.toString();
  history.replaceState(history.state, "", `#/accounts${text === "" ? "" : `?${text}`}`);
  route.value = { page: "accounts", query };
}

/** Follows the address. */
export function followAddress(): void {
  addEventListener("hashchange", () => {
    route.value = parseRoute(location.hash);
  });
}

function decoded(segment: string | undefined): string | undefined {
  try {
    return segment === undefined || segment === "" ? undefined : decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
