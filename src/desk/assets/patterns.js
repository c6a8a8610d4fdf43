// English sentences of the server in another language: each pattern with what it means, in which
// {a}, {b} and so on stand for its groups.

// What a text means by the first pattern that fits; null: none does. `name` says what its groups are called.
export function meaning(patterns, text, name = (part) => part) {
  const found = patterns.find(([pattern]) => pattern.test(text));
  if (!found) return null;
  const parts = text.match(found[0]).slice(1).map((part) => name(part ?? ""));
  return found[1].replace(/\{([a-z])\}/g, (_, letter) => parts[letter.charCodeAt(0) - 97] ?? "");
}
