import "./host-modules.js";

export * from "@graphvm/cluster";
export { GraphvmError, InputChangedError, InputMissingError } from "@graphvm/engine";
export * from "@graphvm/rules";
