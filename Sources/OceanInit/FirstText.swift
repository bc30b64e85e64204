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
    var text =
      screen.paint("Written:", .heading) + "\n" + written.map { "  \($0.escapedForDisplay)\n" }.joined()
    if !others.isEmpty {
      text += "\n" + DiagnosticRenderer.human(others, in: config.loaded.sources, on: screen)
    }
    text += config.result.notChecked.map { "not checked: \($0)".escapedForDisplay + "\n" }.joined()
    if commands.isEmpty {
      let isValid = config.count(.error) == 0
      text +=
        isValid
        ? "\n" + screen.paint("It is valid. Next:", .heading) + "\n" + Self.lines(start)
        : "\nIt is not valid yet.\n"
    } else {
      text +=
        "\n" + screen.paint("Left to do, as root and in this order:", .heading) + "\n" + Self.lines(commands)
      text += "\n" + screen.paint("Then:", .heading) + "\n" + Self.lines(start)
    }
    return text
  }

  private static func lines(_ commands: [String]) -> String {
    commands.map { "  " + $0.replacing("\n", with: "\n  ") + "\n" }.joined()
  }

  /// Whether the config can be served as it is.
  package var isFinished: Bool { commands.isEmpty && config.count(.error) == 0 }
}
