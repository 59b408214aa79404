import { registerFetcher } from "@graphvm/engine/internal";
import { downloadS3 } from "./source.js";

// Whoever imports the cluster package can declare file("s3://bucket/key"): the `AWS_*` variables say how S3 is reached.
registerFetcher("s3", (uri, path) => downloadS3(uri, path));
