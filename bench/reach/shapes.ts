import { SeededRandom } from "../../src/testing/mod.ts";

/** One message of a bot: whom with, in which direction, and the time since the previous one. */
export interface Step {
  readonly contact: number;
  /** The group that it is for; absent for a message between two users. */
  readonly group?: number;
  readonly isSent: boolean;
  readonly afterMs: number;
}

/** A shape of traffic. */
export interface Shape {
  readonly name: string;
  readonly what: string;
  /** Messages of a day, sent and received. */
  readonly perDay: number;
  readonly contacts: number;
  /** The messages that are simulated. */
  readonly steps: () => readonly Step[];
}

const MINUTE_MS = 60_000;

/** Messages of one simulation. */
export const MESSAGES = 400;

/** The shapes, from the quietest to the busiest. */
export const SHAPES: readonly Shape[] = [
  {
    name: "quiet",
    what: "a question and its answer, an hour apart from the next; 10 contacts",
    perDay: 20,
    contacts: 10,
    steps: () => conversations({ contacts: 10, exchanges: 1, thinkMs: 4_000, pauseMs: 60 * MINUTE_MS }),
  },
  {
    name: "chatty",
    what: "five questions and answers, some seconds apart, then the next of 50 contacts",
    perDay: 1_000,
    contacts: 50,
    steps: () => conversations({ contacts: 50, exchanges: 5, thinkMs: 9_000, pauseMs: MINUTE_MS }),
  },
  {
    name: "parallel",
    what: "50 contacts at the same time, half sent and half received, 20 a second",
    perDay: 20_000,
    contacts: 50,
    steps: parallel,
  },
  {
    name: "notices",
    what: "messages to 100 contacts in turn, ten a second, no answers",
    perDay: 1_000,
    contacts: 100,
    steps: () =>
      Array.from({ length: MESSAGES }, (_, number) => ({
        contact: number % 100,
        isSent: true,
        afterMs: 100,
      })),
  },
  {
    name: "groups",
    what: "five groups with 40 writers, one message a second; the bot writes every tenth",
    perDay: 20_000,
    contacts: 40,
    steps: groups,
  },
];

interface Conversations {
  readonly contacts: number;
  readonly exchanges: number;
  readonly thinkMs: number;
  readonly pauseMs: number;
}

/** One contact after the other asks some questions, each of which is answered two seconds later. */
function conversations({ contacts, exchanges, thinkMs, pauseMs }: Conversations): Step[] {
  const steps: Step[] = [];
  for (let talk = 0; steps.length < MESSAGES; talk += 1) {
    for (let exchange = 0; exchange < exchanges && steps.length < MESSAGES; exchange += 1) {
      const contact = talk % contacts;
      steps.push({ contact, isSent: false, afterMs: exchange === 0 ? pauseMs : thinkMs });
      steps.push({ contact, isSent: true, afterMs: 2_000 });
    }
  }
  return steps;
}

function parallel(): Step[] {
  const random = new SeededRandom(50);
  return Array.from({ length: MESSAGES }, () => ({
    contact: random.below(50),
    isSent: random.below(2) === 0,
    afterMs: 50,
  }));
}

function groups(): Step[] {
  const random = new SeededRandom(40);
  return Array.from({ length: MESSAGES }, (_, number) => ({
    contact: random.below(40),
    group: random.below(5),
    isSent: number % 10 === 9,
    afterMs: 1_000,
  }));
}
