import OceanCommandLine
import OceanReport
import Testing

/// Tests what documents say of a command: exactly what it declares.
@Suite struct CommandDocumentTests {
  private func page(_ name: String) throws -> String {
    let pages = CommandManual(Program.tree, ManualPage.Edition(date: "2026-12-01", version: "1")).pages
    return try #require(pages.first { $0.name == name }).text
  }

  @Test func `the reference lists each command, and has a part for it`() {
    let text = Program.tree.reference
    for row in [
      "| [ocean sail](#ocean-sail) | Sail to a port. Takes a while. |",
      "| [ocean cargo](#ocean-cargo) | Load the ship. |",
      "| [ocean cargo load](#ocean-cargo-load) | Bring something aboard. |",
    ] {
      #expect(text.contains("\n\(row)\n"))
    }
    #expect(
      text.contains(
        """
        ## ocean sail

        Sail to a port. Takes a while.

        ```text
        In fair weather.

        In any weather.

        Exit codes:
          0  it is there
          1  it is lost

        Example:
          ocean sail --speed 3 Bergen

        USAGE: ocean sail <port>
        """))
    #expect(text.hasSuffix("```\n"))
  }

  @Test func `a usage is wrapped between its options`() throws {
    let lines = Program.tree.reference.split(separator: "\n")
    let start = try #require(lines.firstIndex { $0.hasPrefix("USAGE: ocean sail") })
    let usage = lines[start...].prefix { $0.hasPrefix("USAGE: ") || $0.hasPrefix("    [") }
    #expect(usage.count > 1)
    #expect(usage.allSatisfy { $0.count <= 80 })
    #expect(usage.joined().contains("[--lookout <name of somebody else>]"))
  }

  @Test func `there is a page for the program and for each command`() {
    let pages = CommandManual(Program.tree, ManualPage.Edition(date: "2026-12-01", version: "1")).pages
    #expect(
      pages.map(\.path) == [
        "man1/ocean.1", "man1/ocean-sail.1", "man1/ocean-cargo.1", "man1/ocean-cargo-load.1",
        "man1/ocean-cargo-unload.1",
      ])
  }

  @Test func `a page has what the help of its command has, in the parts of a manual`() throws {
    let page = try page("ocean-sail")
    #expect(page.contains("ocean\\-sail \\- sail to a port\n"))
    let parts = page.split(separator: "\n").filter { $0.hasPrefix(".SH") }
    #expect(
      parts == [
        ".SH \"NAME\"", ".SH \"SYNOPSIS\"", ".SH \"DESCRIPTION\"", ".SH \"ARGUMENTS\"", ".SH \"OPTIONS\"",
        ".SH \"EXIT STATUS\"", ".SH \"EXAMPLE\"", ".SH \"SEE ALSO\"",
      ])
    #expect(page.contains("Sail to a port. Takes a while.\n.PP\nIn fair weather.\n.PP\nIn any weather.\n"))
    #expect(page.contains(".TP\n\\fIport\\fR\nThe port.\n"))
    #expect(page.contains("\\fB\\-\\-speed\\fR \\fIknots\\fR\nHow fast. (default: 5)\n"))
    #expect(page.contains(".TP\n\\fB1\\fR\nit is lost\n"))
    #expect(page.contains(".EX\nocean sail \\-\\-speed 3 Bergen\n.EE\n"))
    #expect(!page.contains("Exit codes"))
  }

  @Test func `pages name each other`() throws {
    let load = ".TP\n\\fBocean\\-cargo\\-load\\fR(1)\nBring something aboard.\n"
    for name in ["ocean", "ocean-cargo"] { #expect(try page(name).contains(load)) }
    // A page breaks its lines.
    let page = try page("ocean-cargo-load").replacing("\n", with: " ")
    #expect(
      page.hasSuffix(
        "\\fBocean\\fR(1), \\fBocean\\-cargo\\fR(1), \\fBocean\\-cargo\\-unload\\fR(1), \\fBocean.yaml\\fR(5) "
      ))
  }
}
