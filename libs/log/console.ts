// For what is said before there is a configured logger: usage, configuration errors, the answers of --check.

export function say(line: string): void {
  console.log(line);
}

export function complain(line: string): void {
  console.error(line);
}
