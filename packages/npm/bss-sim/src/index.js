export { ControlError, VerificationError } from "./control.js";
export { Simulator, start } from "./simulator.js";
export { Clock, Space } from "./space.js";
