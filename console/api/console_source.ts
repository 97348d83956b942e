import type {
  AccountDetail,
  AccountPage,
  ActionAnswer,
  ActionName,
  ActionRequest,
  ConsoleInfo,
  VerifyEvents,
} from "../../src/console/model.ts";
import { Failure } from "./failure.ts";
import { readEvents } from "./read_events.ts";
import type { Requests } from "./requests.ts";
import { type Row, type Source, type StreamReader, segmentOf, type VerifyReader } from "./source.ts";
import { pageQuery, TokenRequests } from "./token_requests.ts";

const ROOT = "/v1/console";

/** The console's own API. */
export class ConsoleSource extends TokenRequests implements Source {
  readonly info: ConsoleInfo;
  readonly asksOneByOne = false;
  readonly canVerify = true;

  constructor(requests: Requests, info: ConsoleInfo) {
    super(requests);
    this.info = info;
  }

  async accounts(after: string | undefined, signal: AbortSignal): Promise<AccountPage> {
    return await this.requests.get<AccountPage>(`${ROOT}/accounts?${pageQuery(after)}`, signal);
  }

  async inspect(row: Row): Promise<Row> {
    return row;
  }

  async account(name: string, signal: AbortSignal): Promise<AccountDetail> {
    return await this.requests.get<AccountDetail>(`${ROOT}/accounts/${segmentOf(name)}`, signal);
  }

  async watch(account: string | undefined, reader: StreamReader, signal: AbortSignal): Promise<void> {
    const query = account === undefined ? "" : `?account=${encodeURIComponent(account)}`;
    const stream = await this.requests.stream(`${ROOT}/events${query}`, signal);
    reader.onOpen();
    await readEvents(stream, reader);
  }

  async act(account: string, action: ActionName, request: ActionRequest): Promise<ActionAnswer> {
    const path = `${ROOT}/accounts/${segmentOf(account)}/actions/${action}`;
    return await this.requests.post<ActionAnswer>(path, request);
  }

  async verify(account: string, reader: VerifyReader, signal: AbortSignal): Promise<void> {
    const stream = await this.requests.stream(`${ROOT}/accounts/${segmentOf(account)}/verify`, signal);
    let isDone = false;
    let problem: Failure | undefined;
    await readEvents(stream, {
      onEvent({ event, data }) {
        if (event === "progress") reader.onProgress(data as VerifyEvents["progress"]);
        if (event === "finding") reader.onFinding(data as VerifyEvents["finding"]);
        if (event === "problem") {
          const { message } = data as { readonly message: string };
          problem = new Failure("refused", message);
        }
        if (event === "done") {
          isDone = true;
          reader.onDone(data as VerifyEvents["done"]);
        }
      },
    });
    if (problem !== undefined) throw problem;
    if (!isDone) throw new Failure("failed", "The verification ended before it was done.");
  }
}
