import OceanSyntax
import Testing

/// Widths of characters, wrapping, and values with their places.
@Suite struct LayoutTests {
  private func terminal(_ width: Int, hasColor: Bool = false) -> Screen {
    Screen(width: width, isTerminal: true, hasColor: hasColor)
  }

  @Test(
    arguments: [
      ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("東京", 4), ("ｱ", 1), ("Ａ", 2), ("한", 2),
      ("\u{1112}\u{1161}\u{11ab}", 2), ("🏢", 2), ("☎", 1), ("☔", 2), ("…", 1), ("ש\u{5b8}", 1),
      ("\u{20000}", 2),
      ("\u{1b}[1;31mred\u{1b}[0m", 3),
    ])
  func `columns`(_ text: String, _ columns: Int) { #expect(text.columns == columns) }

  @Test func `a text is shortened in its middle`() {
    #expect("/etc/ocean/ocean.yaml:31".shortened(to: 40) == "/etc/ocean/ocean.yaml:31")
    #expect("/srv/mail/hosts/one/etc/ocean.yaml:31".shortened(to: 20) == "/srv/…/ocean.yaml:31")
    #expect("/srv/mail/hosts/one/etc/ocean.yaml:31".shortened(to: 19) == "…/ocean.yaml:31", "whole folders")
    for width in 0...12 {
      #expect("東京東京東京 e\u{301}".shortened(to: width).columns <= width)
      #expect("/etc/東京/e\u{301}".shortened(to: width).columns <= width)
    }
  }

  @Test func `words are wrapped, and long ones stay whole`() {
    #expect(
      terminal(20).wrapped(["aaaa", "bbbb", "cccc", "dddd"], after: "x ", indent: 2) == [
        "x aaaa, bbbb, cccc,", "  dddd",
      ])
    let word = String(repeating: "w", count: 50)
    #expect(terminal(20).wrapped(["a", word, "b"], after: "x ", indent: 2) == ["x a,", "  \(word),", "  b"])
    #expect(terminal(20).wrapped([], after: "x", indent: 2) == ["x"])
  }

  @Test func `a text is wrapped on a terminal only`() {
    let text = "one two three four five six seven"
    #expect(Screen().fitted(String(repeating: "long ", count: 40), indent: 2).count == 1)
    #expect(
      terminal(20).fitted(text, after: "- ", indent: 2) == ["- one two three four", "  five six seven"])
    #expect(terminal(80).fitted("two  spaces", indent: 2) == ["two  spaces"])
  }

  @Test func `a command stays whole`() {
    #expect(
      terminal(20).fitted("12 (ocean blocks --config /x) here", indent: 2) == [
        "12", "  (ocean blocks --config /x)", "  here",
      ])
    #expect(
      terminal(20).fitted("first run this: chmod o= /etc/ocean/users.passwd", indent: 2) == [
        "first run this:", "  chmod o= /etc/ocean/users.passwd",
      ])
    #expect(
      terminal(30).fitted("it's there: give 'ocean plan /etc/x.yaml' a try", indent: 2) == [
        "it's there: give", "  'ocean plan /etc/x.yaml' a", "  try",
      ])
  }

  @Test func `colours end with each line and go on in the next`() {
    let screen = terminal(20, hasColor: true)
    #expect(
      screen.fitted(screen.paint("aaaaaaaaaa bbbbbbbbbb cc", .error), indent: 2) == [
        "\u{1b}[1;31maaaaaaaaaa\u{1b}[0m", "\u{1b}[1;31m  bbbbbbbbbb cc\u{1b}[0m",
      ])
  }

  @Test func `a value and its place never break apart`() {
    let place = "/etc/ocean/ocean.yaml:31"
    func lines(_ screen: Screen, _ value: String) -> [String] {
      screen.placed(value, after: "~ ", at: place, column: 46, indent: 2)
    }
    let spaces = { String(repeating: " ", count: $0) }
    #expect(lines(terminal(80), "services.pop3") == ["~ services.pop3\(spaces(31))\(place)"])
    #expect(lines(terminal(60), "services.pop3") == ["~ services.pop3\(spaces(21))\(place)"])
    #expect(
      lines(terminal(40), "services.pop3.ip_control") == [
        "~ services.pop3.ip_control", "\(spaces(16))\(place)",
      ])
    #expect(lines(terminal(22), "a") == ["~ a    …/ocean.yaml:31"])
    let long = String(repeating: "x", count: 200)
    #expect(lines(Screen(), long) == ["~ \(long)  \(place)"], "programs find it in the same line")
  }
}
