/// Reads a YAML text into a tree in which everything is a string.
///
/// `root` is nil if checking cannot go on: the text is empty, broken or beyond a limit. Other mistakes (a
/// duplicate key, a tag) are reported and mended, so that the rest of the text is checked too. The
/// diagnostics are sorted. Takes any bytes in bounded time and memory.
package func parseYAML(
  _ source: SourceID, in sources: SourceSet, limits: YAMLLimits = .init()
) -> (root: Node?, diagnostics: [Diagnostic]) {
  let text = sources[source]
  let refused = TextCheck(source: source, text: text, limits: limits).diagnostics()
  guard refused.isEmpty else { return (nil, refused) }

  var repaired = RepairedText(source: source, text: text)
  while true {
    var builder = TreeBuilder(source: source, text: text, limits: limits)
    if let failure = builder.build(from: repaired) {
      if let address = BareAddress.range(of: failure, in: text), !repaired.isRepaired(address) {
        repaired.repairAddress(at: address)
        if repaired.mayBeReadAgain { continue }
      } else {
        builder.report(failure)
      }
    }
    return (builder.root, (repaired.diagnostics + builder.diagnostics).sorted())
  }
}
