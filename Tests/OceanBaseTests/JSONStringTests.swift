import OceanBase
import Testing

/// Tests JSON texts that are printed to a terminal.
@Suite struct JSONStringTests {
  @Test(arguments: [
    (#"{"a":"b\n","c":1}"# + "\n", #"{"a":"b\n","c":1}"# + "\n"),
    ("{\"a\":\"x\u{202e}y\u{7f}\u{9b}\u{feff}\"}\n", #"{"a":"x\u202ey\u007f\u009b\ufeff"}"# + "\n"),
    ("{\"ä\":\"日本 😀\"}", "{\"ä\":\"日本 😀\"}"),
  ])
  func `what a terminal could act on is escaped, and nothing else`(_ json: String, _ safe: String) {
    #expect(String(decoding: Array(json.utf8).jsonForTerminal, as: UTF8.self) == safe)
  }

  @Test(arguments: [
    ("", true), (" \t\n", true), ("\u{200b}\u{a0}\u{202e}", true), ("a", false), ("  é ", false),
  ])
  func `a text is blank if there is nothing to see`(_ text: String, _ isBlank: Bool) {
    #expect(text.isBlank == isBlank)
  }
}
