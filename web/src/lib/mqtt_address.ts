// Where a device reaches the broker: a wildcard address means "the machine this page came from".
export function mqttAddress(listen: string, pageHost: string): [string, string] {
  const colon = listen.lastIndexOf(":");
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, "");
  const anywhere = host === "" || host === "0.0.0.0" || host === "::" || host === "*";
  return [anywhere ? pageHost : host, listen.slice(colon + 1)];
}
