import { transportContract } from "./contract.js";
import { openMemory, openPort, openWebSocket } from "./links.js";

transportContract("memory", openMemory);
transportContract("MessagePort", openPort);
transportContract("WebSocket", openWebSocket);
