// The AWS SDK would tell every user on Node 20 about its own plans on stderr.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
