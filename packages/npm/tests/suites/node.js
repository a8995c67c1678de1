import test from "node:test";
import { define } from "./cases.js";

define(test);
