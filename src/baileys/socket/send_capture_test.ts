import { describe, expect, test } from "vitest";
import { type Send, SendCapture, type SendingSocket } from "./send_capture.ts";

describe("SendCapture", () => {
  test("keeps no message in memory by what a send has begun", async () => {
    const capture = new SendCapture(
      () => "ID",
      () => undefined,
    );
    const begun: (Send | undefined)[] = [];
    let later = new Promise<Send | undefined>(() => {});
    const send = async (): Promise<void> => {
      const { current } = capture;
      if (current !== undefined) current.own = new Uint8Array(1_000);
      begun.push(current);
      // A timer that began in the context keeps it.
      later = new Promise((resolve) => setTimeout(() => resolve(capture.current), 1));
    };
    const socket = { sendMessage: send, relayMessage: send } as unknown as SendingSocket;
    const unfollow = capture.follow(socket);
    await socket.sendMessage("1@lid", {});
    expect(begun).toMatchObject([{ id: "ID", jid: "1@lid", own: undefined }]);
    expect(await later).toBeUndefined();
    unfollow();
    expect(socket.sendMessage).toBe(send);
  });
});
