// Loaded into every Node.js process of the application: it stays on this machine. Of the names outside only those connect that the
// sandbox stands for, as in a container of the sandbox's Modal (backend/container/network.py).
"use strict";

const net = require("node:net");

const routes = Object.entries(JSON.parse("@ROUTES@"));
const connect = net.Socket.prototype.connect;

function isLoopback(host) {
  return !host || host === "localhost" || host === "::1" || host === "[::1]" || /^127\./.test(host) || host === "0.0.0.0" || host === "::";
}

net.Socket.prototype.connect = function (...args) {
  const listed = Array.isArray(args[0]);
  let options = listed ? args[0][0] : args[0];
  if (typeof options === "number" || (typeof options === "string" && /^\d+$/.test(options))) {
    options = { port: Number(options), host: typeof args[1] === "string" ? args[1] : undefined };
    args = [options, ...args.filter((each) => typeof each === "function")];
  }
  if (options === null || typeof options !== "object" || options.path || isLoopback(options.host)) {
    return connect.apply(this, args);
  }
  const host = String(options.host).toLowerCase();
  const route = routes.find(([domain]) => host === domain || host.endsWith("." + domain));
  if (!route) {
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
      code: "ENOTFOUND", errno: -3008, syscall: "getaddrinfo", hostname: host,
    });
    process.nextTick(() => this.destroy(error));
    return this;
  }
  const local = { ...options, host: "127.0.0.1", port: route[1] };
  delete local.lookup;
  if (listed) args[0][0] = local;
  else args[0] = local;
  return connect.apply(this, args);
};
