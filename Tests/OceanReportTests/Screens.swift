import Foundation
import OceanSyntax
import Testing

/// Compares a text on terminals of several widths with the golden text `screen-NAME`, and checks what every text
/// must keep to. With a directory in OCEAN_SCREENS, the texts are written there with their colours.
///
/// - Parameters:
///   - whole: what must be in one piece on every terminal that is wide enough for it.
///   - mask: takes away what differs from run to run.
func expectScreens(
  _ name: String, whole: [String] = [], sourceLocation: SourceLocation = #_sourceLocation,
  masking mask: (String) -> String = { $0 }, _ text: (Screen) throws -> String
) throws {
  let widths = [20, 40, 60, 80, 100, 120]
  var all = ""
  for width in widths {
    let shown = try text(Screen(width: width, isTerminal: true))
    all += String(repeating: "=", count: width) + "\n" + shown + "\n"
    // A long word stays whole, and so does a command; what stands before a value takes its room on narrow screens.
    let tooLong = shown.split(separator: "\n").filter { line in
      let behind = line.drop { $0 == " " }.drop { $0 != " " }.drop { $0 == " " }
      return width >= 60 && line.columns > width && behind.contains(" ") && !line.contains("ocean ")
    }
    #expect(tooLong.isEmpty, "\(width)", sourceLocation: sourceLocation)
    for value in whole where width >= 60 && value.columns <= width - 8 {
      #expect(shown.contains(value), "\(value) at \(width)", sourceLocation: sourceLocation)
    }
    // Words say the same without colours.
    let colored = try text(Screen(width: width, isTerminal: true, hasColor: true))
    #expect(
      colored.replacing(/\u{1b}\[[0-9;]*m/, with: "") == shown, "\(width)", sourceLocation: sourceLocation)
    if let directory = ProcessInfo.processInfo.environment["OCEAN_SCREENS"] {
      try mask(colored).write(
        toFile: "\(directory)/\(name)-\(width).ansi", atomically: true, encoding: .utf8)
    }
  }
  #expect(
    try !text(Screen(width: 1, isTerminal: true, hasColor: true)).isEmpty, sourceLocation: sourceLocation)
  try expectGolden(mask(all), "screen-\(name)", sourceLocation: sourceLocation)
}
