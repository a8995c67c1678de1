/** What the simulator answers, as its control API has it. */
export type Json = Record<string, any>;

/** `"2h"`, as scenario files have it, or milliseconds. */
export type Span = string | number;

export interface StartOptions {
  /** The URL of a simulator that runs already; default `BSS_SIM_URL`. */
  url?: string;
  /** The path of the program; default `BSS_SIM_BIN`, the one that the package brings, or one on `PATH`. */
  program?: string;
  /** The scenario that is served. */
  scenario?: string;
  /** Scenario files, or directories of such. */
  fixtures?: string | string[];
}

/**
 * Connects to the simulator at `url`. Without a URL it starts one on a free port of 127.0.0.1, which ends with this process at
 * the latest. Rejects with a `ControlError` if there is none, or if it has another version of the control API.
 */
export function start(options?: StartOptions): Promise<Simulator>;

export interface SpaceOptions {
  /** A scenario that the simulator knows, by its name; default `"default"`. */
  scenario?: string;
  /** A scenario of its own, as a file has it. */
  fixture?: Json;
  /** What people see, of 200 characters at most. */
  label?: string;
}

/** A simulator. `start` makes one, and `await using` closes it at the end. */
export class Simulator {
  private constructor();
  /** The URL that clients call, without a slash at its end. */
  readonly url: string;
  /** Creates a space from a scenario or a fixture. */
  space(from?: SpaceOptions): Promise<Space>;
  /** Which documented outcomes the applications of all spaces got, also of those that were deleted: `met`, `of`, and the `outcomes`. */
  coverage(): Promise<Json>;
  /** Ends the simulator if `start` has started it, and waits for its end. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A partner of a space, with its credentials, which lead to this space. */
export interface Partner {
  /** Its name in the scenario. */
  name: string;
  /** The account (domain) ID. */
  id: string;
  /** The platform ID. */
  xaccountType: string;
  /** The first token, for `X-Auth-Token`. */
  token?: string;
  /** The ID of the first access key. */
  ak?: string;
  /** The secret of that key. */
  sk?: string;
}

/** How many requests have to match: exactly so many, or at least, or at most. */
export interface Count {
  exactly?: number;
  atLeast?: number;
  atMost?: number;
}

/** How long `verify` waits until there are enough: 60 seconds at most. */
export interface Within {
  within?: Span;
}

/** Which requests `journal` gives: those that have all of this. */
export interface JournalQuery {
  customer_id?: string;
  error_code?: string;
  status?: number;
  path?: string;
  caller?: string;
  rule?: string;
  /** The oldest first, or with `"desc"` the newest. */
  order?: "asc" | "desc";
  /** `"brief"` leaves out the checks. */
  view?: "full" | "brief";
  /** The most entries; without it, all. */
  limit?: number;
}

/**
 * An isolated world, with partners, customers, certificates, scripted answers, a journal and a clock of its own. A client is in it
 * if it calls `url` with the token, the access key or the login that are here. What the simulator refuses rejects with a
 * `ControlError`. `await using` deletes it at the end.
 */
export class Space {
  private constructor();
  readonly id: string;
  readonly label?: string;
  /** The URL that clients call, without a slash at its end. */
  readonly url: string;
  readonly partners: Partner[];
  /** The first partner. */
  readonly partner: Partner;
  /** A token of the first partner, for `X-Auth-Token`. */
  readonly token?: string;
  /** The ID of an access key of the first partner. */
  readonly ak?: string;
  /** The secret of that access key. */
  readonly sk?: string;
  /** The name of a user of the first partner. Its login at `POST /v3/auth/tokens` gives a token of this space. */
  readonly user?: string;
  /** The password of that user. */
  readonly password?: string;
  /** The domain of that user: the name of the partner. */
  readonly domain?: string;
  /** The environment variables that lead another program to this space: those that `bss-sim exec` sets. */
  readonly env: Record<string, string>;
  readonly clock: Clock;
  readonly isDeleted: boolean;

  /**
   * Fixes the answers to the next requests, one after the other, in the format of a scenario file. `{ error_code: "CBC.0999" }`
   * answers one application, and so do `gateway`, `fault`, `is_review` and `raw`. For other requests, or for more, this belongs into
   * `then`, beside `when`, `times`, `delay` or `probability`.
   */
  script(...answers: Json[]): Promise<void>;
  /** The scripted answers that are left, each with how often it was `used` and may still be used (`left`). */
  scripted(): Promise<Json[]>;
  /**
   * Rejects with a `VerificationError` unless the journal has so many requests that match; without a number, one or more. `match`
   * names fields of the request and of its outcome: `{ customer_id: "customer-new", status: 500 }`.
   */
  verify(match?: Json, count?: Count & Within): Promise<void>;
  /** Rejects with a `VerificationError` unless the journal has a request for each of these, in this order. Others may stand between them. */
  verifySequence(matches: Json[], options?: Within): Promise<void>;
  /** Decides the review that a customer is under; a rejection may have an opinion. */
  review(customer: string, decision: "approve" | "reject", opinion?: string): Promise<void>;
  /** The requests of this space. `outcome.why` of each says what decided. */
  journal(query?: JournalQuery): Promise<Json[]>;
  /** A text that says why a request got its answer. The ID is in the answer's `X-Request-Id`, and in an SDK's exception. */
  why(requestId: string): Promise<string>;
  /** The answer that an application would get now, in `response`, and why. Nothing changes. `as` is a token or the name of a partner. */
  explain(request: Json, as?: string): Promise<Json>;
  /** The state of a customer. */
  customer(id: string): Promise<Json>;
  /** Creates or replaces a customer, as in a scenario file: `putCustomer("customer-late", { partner: "demo-partner" })`. */
  putCustomer(id: string, state: Json): Promise<Json>;
  /** The state of a certificate, with the customers that used it. */
  certificate(number: string): Promise<Json>;
  /** Creates or replaces a certificate, as in a scenario file: `putCertificate("E00000999", { blocked: true })`. */
  putCertificate(number: string, state: Json): Promise<Json>;
  /** All of the space, as a scenario: another space can start from it as its `fixture`. */
  world(): Promise<Json>;
  /** Which documented outcomes the applications of this space got: `met`, `of`, and the `outcomes`. */
  coverage(): Promise<Json>;
  /** Takes the space back to its start. */
  reset(): Promise<void>;
  /** Deletes the space. Its credentials are not valid any more. */
  delete(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The clock of a space. Tokens, reviews and the journal follow it; the date of a signature does not. */
export class Clock {
  private constructor();
  now(): Promise<Date>;
  /** Puts it forward, by `"2h"` for example. */
  advance(by: Span): Promise<void>;
  /** Stops it. */
  freeze(): Promise<void>;
  /** Lets it go on. */
  unfreeze(): Promise<void>;
  /** Sets it to a time, a text with its offset, or the beginning of a date in UTC such as `"2027-01-01"`. */
  set(time: Date | string): Promise<void>;
  /** Gives it the time of the machine again. */
  reset(): Promise<void>;
}

/** A control call was refused, or nothing answered it. The text is the simulator's own, with a mistake a line. */
export class ControlError extends Error {
  /** The HTTP status of the answer, if there is one. */
  readonly status?: number;
}

/** The journal does not have what the test expects: an `AssertionError` with the simulator's own text. */
export class VerificationError extends Error {}
