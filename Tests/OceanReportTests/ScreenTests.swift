import OceanReport
import OceanSyntax
import Testing

/// What a terminal, the environment and `--color` make of output.
@Suite struct ScreenTests {
  private func screen(
    isTerminal: Bool = true, columns: Int? = 100, color: Terminal.Color = .auto,
    _ environment: [String: String] = [:]
  ) -> Screen {
    Screen(isTerminal: isTerminal, columns: columns, color: color) { environment[$0] }
  }

  @Test func `a terminal has its own width, unless COLUMNS says another`() {
    #expect(screen().width == 100)
    #expect(screen(columns: nil).width == 80)
    #expect(screen(["COLUMNS": "60"]).width == 60)
    for nonsense in ["", "0", "-5", "wide", "99999999999999999999"] {
      #expect(screen(["COLUMNS": nonsense]).width == 100)
    }
    #expect(screen(columns: 3).width == Screen.minWidth)
    #expect(screen(isTerminal: false, columns: nil, ["COLUMNS": "60"]).width == 80)
  }

  @Test func `colours are on a terminal alone, unless something else is asked for`() {
    #expect(screen(["TERM": "xterm"]).hasColor)
    #expect(screen(["NO_COLOR": ""]).hasColor, "https://no-color.org: when not an empty string")
    #expect(!screen(["NO_COLOR": "0"]).hasColor)
    #expect(!screen(["TERM": "dumb"]).hasColor)
    #expect(!screen(isTerminal: false).hasColor)
    #expect(screen(isTerminal: false, color: .always, ["NO_COLOR": "1", "TERM": "dumb"]).hasColor)
    #expect(!screen(color: .never).hasColor)
  }
}
