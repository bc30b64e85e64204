extension Diagnostic {
  /// The message with its label, then the help, in lines that no terminal acts on: for programs that show
  /// neither the source line nor what is marked in it.
  var plainLines: [String] {
    let head = label.map { "\(message): \($0)" } ?? message
    let help = help?.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) ?? []
    return ([head] + help).map(\.escapedForDisplay)
  }
}

extension SourceSet {
  /// The path of the config itself, which is read before what it includes; empty if nothing was read.
  var mainPath: String { path(SourceID(index: 0)) }
}

extension String {
  /// A path without `./` in front of it, as programs that compare paths write them.
  var withoutLeadingDot: String {
    var rest = self[...]
    while rest.hasPrefix("./") { rest = rest.dropFirst(2).drop { $0 == "/" } }
    return rest.isEmpty ? self : String(rest)
  }
}
