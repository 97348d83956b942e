import type { Requests } from "./requests.ts";
import type { IssuedToken, TokenPage, TokenRequest } from "./source.ts";

/** Entries of a page of a list. */
export const PAGE_LIMIT = 1_000;

/** Returns the query of a page. */
export function pageQuery(after: string | undefined): string {
  const query = new URLSearchParams({ limit: String(PAGE_LIMIT) });
  if (after !== undefined) query.set("after", after);
  return query.toString();
}

/** The routes of tokens, which both APIs have. */
export class TokenRequests {
  protected readonly requests: Requests;

  constructor(requests: Requests) {
    this.requests = requests;
  }

  async tokens(after: string | undefined, signal: AbortSignal): Promise<TokenPage> {
    return await this.requests.get<TokenPage>(`/v1/tokens?${pageQuery(after)}`, signal);
  }

  async issueToken(request: TokenRequest): Promise<IssuedToken> {
    return await this.requests.post<IssuedToken>("/v1/tokens", request);
  }

  async revokeToken(id: string): Promise<void> {
    await this.requests.delete(`/v1/tokens/${encodeURIComponent(id)}`);
  }
}
