export { type S3Faults, type S3Server, startS3 } from "@graphvm/testing";
