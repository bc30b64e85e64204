package import ArgumentParser

extension CommandConfiguration {
  /// A command with all that its help and docs/cli.md tell of it.
  ///
  /// - Parameters:
  ///   - exits: what each exit code means, in less than 70 characters.
  ///   - example: a command that can be tried.
  package init(
    _ name: String, _ abstract: String, usage: String? = nil, discussion: String = "",
    exits: KeyValuePairs<Int32, String>, example: String, aliases: [String] = []
  ) {
    let codes = exits.map { "  \($0.key)  \($0.value)" }.joined(separator: "\n")
    let parts = [discussion, "Exit codes:\n\(codes)", "Example:\n  \(example)"]
    self.init(
      commandName: name, abstract: abstract, usage: usage,
      discussion: parts.filter { !$0.isEmpty }.joined(separator: "\n\n"), aliases: aliases)
  }
}
