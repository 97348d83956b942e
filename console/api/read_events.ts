import { createParser } from "eventsource-parser";

/** One event of a stream: its name, and its data as they were sent. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Longest event, in characters: a page of rows is far below it. */
const MAX_EVENT_LENGTH = 4_000_000;

/** What is told while a stream is read. */
export interface EventReader {
  onEvent(event: StreamEvent): void;
  /** Called for all that arrives, comments too. */
  onArrival?(): void;
}

/** Reads the events of a stream (server-sent events) to its end. An event that is no JSON ends it. */
export async function readEvents(stream: ReadableStream<Uint8Array>, reader: EventReader): Promise<void> {
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: ({ event = "message", data }) => reader.onEvent({ event, data: JSON.parse(data) }),
    onError(error) {
      if (error.type === "max-buffer-size-exceeded") throw error;
    },
  });
  const texts = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>);
  for await (const text of texts) {
    reader.onArrival?.();
    parser.feed(text);
  }
}
