/** Connects an `ObjectWebSocket` as a request says, and responds with what happened. */
import { ObjectWebSocket } from "../../src/baileys_object/mod.ts";

/** What to do when an event arrives, each once. */
export type Action = "send text" | "send bytes" | "close" | "close 4000" | "terminate";

/** A connection to make. */
export interface Connecting {
  readonly url: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Actions right after the constructor. */
  readonly begin?: readonly Action[];
  /** Actions by the event that triggers them. */
  readonly on?: Readonly<Record<string, readonly Action[]>>;
}

/** An event and its arguments as texts. */
export type Happening = readonly string[];

const EVENTS = ["open", "message", "unexpected-response", "error", "close"];

export default {
  async fetch(request: Request): Promise<Response> {
    const { url, options, begin = [], on = {} } = (await request.json()) as Connecting;
    const happened: Happening[] = [];
    let socket: ObjectWebSocket;
    try {
      socket = new ObjectWebSocket(url, options);
    } catch (error) {
      return Response.json([["throws", textOf(error)]]);
    }
    const waiting = new Map(Object.entries(on));
    const closed = new Promise<void>((resolve) => {
      for (const event of EVENTS) {
        socket.on(event, (...parameters: unknown[]) => {
          happened.push([`${event} in ${socket.readyState}`, ...parameters.map(textOf)]);
          const actions = waiting.get(event) ?? [];
          waiting.delete(event);
          for (const action of actions) act(socket, action, happened);
          // One turn later, so that a second event would be seen.
          if (event === "close") setTimeout(resolve, 20);
        });
      }
    });
    for (const action of begin) act(socket, action, happened);
    await closed;
    return Response.json(happened);
  },
};

function act(socket: ObjectWebSocket, action: Action, happened: Happening[]): void {
  const callback = (error?: Error): void => void happened.push([`${action} done`, textOf(error)]);
  try {
    if (action === "send text") socket.send("hello", callback);
    else if (action === "send bytes") socket.send(new Uint8Array([0, 1, 2, 255]).subarray(1), callback);
    else if (action === "close") socket.close();
    else if (action === "close 4000") socket.close(4_000, "enough");
    else socket.terminate();
  } catch (error) {
    happened.push([`${action} throws`, textOf(error)]);
  }
}

function textOf(value: unknown): string {
  if (Buffer.isBuffer(value)) return `Buffer ${value.toString("hex")}`;
  if (value instanceof Error) return value.message;
  if (typeof value === "object" && value !== null && "statusCode" in value)
    return `status ${value.statusCode}`;
  return String(value);
}
