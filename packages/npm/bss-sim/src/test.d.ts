import type { Simulator, Space, SpaceOptions } from "./index.js";

/** The context of a test of node:test, which is the argument of its function. */
export interface NodeTest {
  readonly name: string;
  after(hook: () => Promise<void>): void;
  afterEach(hook: (subtest: { readonly name: string; readonly passed?: boolean }) => void): void;
  diagnostic(message: string): void;
}

/** The context of a test of vitest, which is the argument of its function. */
export interface VitestTest {
  readonly task: { readonly name: string };
  onTestFinished(hook: () => Promise<void>): void;
}

export interface TestOptions extends SpaceOptions {
  /** The simulator; default one that all tests of this process share. */
  simulator?: Simulator;
  /** With `false` the test may leave scripted answers unused. */
  strict?: boolean;
}

/**
 * Creates a space for this test alone, with the test's name as its label. It is deleted when the test ends. A test that fails shows
 * the requests of its space with the reasons of their answers. One that passes but leaves scripted answers unused fails.
 */
export function spaceFor(test: NodeTest | VitestTest, options?: TestOptions): Promise<Space>;
