import "./host-modules.js";

export * from "@graphvm/ml";
