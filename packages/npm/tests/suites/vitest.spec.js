import { test } from "vitest";
import { define } from "./cases.js";

define(test);
