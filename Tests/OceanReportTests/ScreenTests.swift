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

/// What the program itself says, behind its name.
@Suite struct SentenceTests {
  private func lines(_ sentence: String, on screen: Screen) -> [String] {
    Terminal.sentence(sentence, .error, on: screen).split(separator: "\n").map(String.init)
  }

  @Test func `a sentence fits, and a command in it stays whole`() {
    let sentence =
      "/etc/ocean/ocean.yaml exists and stays as it is; for a new one first: mv /etc/ocean/ocean.yaml /etc/ocean/old.yaml"
    #expect(
      lines(sentence, on: Screen(width: 60, isTerminal: true)) == [
        "ocean: /etc/ocean/ocean.yaml exists and stays as it is; for", "  a new one first:",
        "  mv /etc/ocean/ocean.yaml /etc/ocean/old.yaml",
      ])
    #expect(lines(sentence, on: Screen()) == ["ocean: \(sentence)"], "programs read lines")
  }

  @Test func `only its name is coloured, and nothing in it acts on a terminal`() {
    #expect(
      lines("a\u{1b}[2Jb\nc", on: Screen(hasColor: true)) == [
        "\u{1b}[1;31mocean:\u{1b}[0m a\\u{1b}[2Jb", "c",
      ])
  }

  @Test func `a command goes on as a shell takes it`() {
    let command = "printf '%s\\n' '[Service]  x' User=vmail > /etc/systemd/system/ocean.service.d/host.conf"
    #expect(Screen().command(command, after: "  ", indent: 2) == ["  " + command])
    #expect(
      Screen(width: 40, isTerminal: true).command(command, after: "  ", indent: 2) == [
        "  printf '%s\\n' '[Service]  x' \\", "      User=vmail > \\",
        "      /etc/systemd/system/ocean.service.d/host.conf",
      ])
  }
}
