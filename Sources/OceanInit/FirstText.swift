import OceanCompiler
package import OceanSyntax

extension FirstCheck {
  /// What was written, and what is next.
  ///
  /// - Parameters:
  ///   - written: the paths of the files.
  ///   - start: the commands that start the server.
  ///   - screen: where it is read.
  package func text(written: [String], start: [String], on screen: Screen) -> String {
    let files = written.map { "  \($0.escapedForDisplay)" }
    var text = Self.joined([screen.paint("Written:", .heading)] + files)
    if !others.isEmpty {
      text += "\n" + DiagnosticRenderer.human(others, in: config.loaded.sources, on: screen)
    }
    text += Self.joined(
      config.result.notChecked.flatMap { screen.fitted("not checked: \($0)".escapedForDisplay, indent: 2) })
    let isValid = config.count(.error) == 0
    if !commands.isEmpty {
      text += "\n" + Self.section("Left to do, as root and in this order:", commands, on: screen)
    } else if !isValid {
      return text + "\n" + screen.paint("It is not valid yet.", .error) + "\n"
    } else if !taken.isEmpty {
      text += "\nIt is valid.\n"
    }
    if !taken.isEmpty { text += "\n" + Self.joined(taken.lines(path, on: screen)) }
    guard !others.contains(where: { $0.severity == .error }) else {
      return text + "\n"
        + screen.paint("It will not be valid yet: the errors above are to be mended.", .error) + "\n"
    }
    return text + "\n" + Self.section(isFinished ? "It is valid. Next:" : "Then:", start, on: screen)
  }

  private static func section(_ heading: String, _ commands: [String], on screen: Screen) -> String {
    joined(
      screen.fitted(screen.paint(heading, .heading), indent: 0)
        + commands.flatMap { screen.command($0, after: "  ", indent: 2) })
  }

  private static func joined(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

  /// Whether the config can be served as it is.
  package var isFinished: Bool { commands.isEmpty && taken.isEmpty && config.count(.error) == 0 }
}
