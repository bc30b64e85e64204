import Foundation
import Testing

/// Doveconf/NAME.conf is what `doveconf -nP` printed of a config. NAME.yaml beside it is what ocean makes of
/// it, and NAME.txt is what it says.
///
/// With OCEAN_RECORD=1 in the environment these are written again, to be read before they are committed.
struct ImportTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent() / "Doveconf"
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".conf") }.map { String($0.dropLast(5)) }.sorted()
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func importing(_ file: String, _ options: String...) throws -> Command {
    let command = try Command(
      try oceanBinary(), ["import", "dovecot", file] + options, directory: workspace.directory)
    try command.wait()
    return command
  }

  @Test(arguments: names) func `makes a config, and tells the rest`(_ name: String) throws {
    let source = try String(contentsOf: Self.folder / "\(name).conf", encoding: .utf8)
    try workspace.write(source, to: "\(name).conf")
    let command = try importing(workspace.path("\(name).conf"))
    let isOpen = ["TO BE DECIDED", "error["].contains(where: command.errorOutput.contains)
    #expect(command.status == .exited(isOpen ? 3 : 0))
    #expect(!(command.output + command.errorOutput).contains("hunter2"), "a password is shown")
    for (text, kind) in [(command.output, "yaml"), (command.errorOutput, "txt")] {
      let text = text.replacing(workspace.directory.path, with: "/etc/dovecot")
      let expectation = Self.folder / "\(name).\(kind)"
      if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil {
        try text.write(to: expectation, atomically: true, encoding: .utf8)
      }
      #expect(try text == String(contentsOf: expectation, encoding: .utf8))
    }
    // This host may lack things, but ocean must understand everything (OC00.. syntax, OC02.. settings).
    try workspace.write(command.output, to: "made.yaml")
    let check = try workspace.ocean("check", "--offline", "--format", "json", workspace.path("made.yaml"))
    struct Report: Decodable {
      struct Diagnostic: Decodable { let code: String; let severity: String; let message: String }
      let diagnostics: [Diagnostic]
    }
    let allowed = command.errorOutput.contains("TO BE DECIDED") ? ["OC0201"] : []
    let wrong = try check.json(Report.self).diagnostics.filter {
      $0.severity == "error" && $0.code < "OC0300" && !allowed.contains($0.code)
    }
    #expect(wrong.map(\.message) == [])
  }

  @Test func `every setting is accounted for`() throws {
    for name in Self.names {
      let lines = try String(contentsOf: Self.folder / "\(name).txt", encoding: .utf8)
      #expect(!lines.contains("not known to this import"), "\(name)")
    }
  }

  @Test func `a directory is made, and what is not a directory is named`() throws {
    let config = workspace.path("dovecot.conf")
    try workspace.write(
      "# 2.3.19.1 (9b53102964): dovecot.conf\nmail_location = maildir:~/Maildir\n", to: "dovecot.conf")
    for (out, made) in [("etc", "etc/ocean.yaml"), ("other/", "other/ocean.yaml"), ("x.yml", "x.yml")] {
      let written = try importing(config, "--out", workspace.directory.path + "/" + out)
      #expect(written.status == .exited(3), "\(written.errorOutput)")
      #expect(workspace.read(made).contains("maildir: \"{home}/Maildir\""), "\(made)")
    }
    let refused = try importing(config, "--out", config)
    #expect(refused.status == .exited(1))
    #expect(refused.errorOutput == "ocean: cannot write into \(config): it is not a directory\n")
    let nowhere = try importing(config, "--out", workspace.path("no/where"))
    #expect(nowhere.errorOutput.contains("cannot write into \(workspace.path("no/where")): No such file"))
  }

  @Test func `nothing is written over, unless told to`() throws {
    let config = workspace.path("dovecot.conf")
    try workspace.write(
      "# 2.3.19.1 (9b53102964): dovecot.conf\nmail_location = maildir:~/Maildir\n", to: "dovecot.conf")
    let before = workspace.read("ocean.yaml")
    let refused = try importing(config, "--out", workspace.directory.path)
    #expect(refused.status == .exited(1) && refused.errorOutput.contains("--force replaces it"))
    #expect(workspace.read("ocean.yaml") == before)
    let written = try importing(config, "--out", workspace.path("new.yaml"))
    #expect(written.status == .exited(3), "\(written.errorOutput)")
    #expect(
      written.output.hasSuffix("Next: ocean check \(workspace.path("new.yaml"))\n"), "\(written.output)")
    #expect(workspace.read("new.yaml").contains("maildir: \"{home}/Maildir\""))
    #expect(try importing(config, "--out", workspace.directory.path, "--force").status == .exited(3))
    #expect(
      workspace.read("ocean.yaml") == workspace.read("new.yaml").replacing("new.yaml", with: "ocean.yaml"))
  }

  @Test(arguments: [
    ("passdb {\n  driver = pam\n", "line 1: the section that begins here does not end"),
    ("}\n", "line 1: '}' closes nothing"), ("what is this\n", "line 1: neither a setting nor a section"),
    ("dovecot_config_version = 2.4.0\n", "it is for Dovecot 2.4.0"),
    ("!include conf.d/*.conf\n", "line 1 includes other files"),
  ])
  func `what it does not understand is said with its line`(_ text: String, _ sentence: String) throws {
    // The config is read as on a host without Dovecot.
    try workspace.write(text, to: "dovecot.conf")
    let command = try Command(
      try oceanBinary(), ["import", "dovecot", workspace.path("dovecot.conf")],
      environment: ["PATH": "/nowhere"],
      directory: workspace.directory)
    try command.wait()
    #expect(command.status == .exited(1))
    #expect(command.errorOutput.contains(sentence), "\(command.errorOutput)")
  }

  @Test func `accounts that can be read decide about homes and domains`() throws {
    func template(
      _ location: String, _ passwd: String, _ more: String = "", users: String = "passwd-file"
    ) throws -> String {
      try workspace.write(passwd, to: "users.passwd")
      try workspace.write(
        """
        # 2.3.19.1 (9b53102964): dovecot.conf
        mail_location = \(location)
        \(more)
        passdb {
          args = \(workspace.path("users.passwd"))
          driver = passwd-file
        }
        userdb {
          args = \(users == "passwd-file" ? workspace.path("users.passwd") : "uid=nobody")
          driver = \(users)
        }

        """, to: "dovecot.conf")
      let output = try importing(workspace.path("dovecot.conf")).output
      let line = output.split(separator: "\n").first { $0.hasPrefix("  maildir:") } ?? ""
      return line.dropFirst(11).split(separator: "#").first.map { $0.filter { $0 != " " && $0 != "\"" } }
        ?? ""
    }
    let bare = "anna:{PLAIN}x::::::\n"
    let full = "anna@example.org:{PLAIN}x::::::\n"
    #expect(try template("maildir:/m/%u", bare) == "/m/{user}")
    #expect(try template("maildir:/m/%u", full) == "/m/{user}@{domain}")
    #expect(try template("maildir:/m/%Ld/%{username}", full) == "/m/{domain}/{user}")
    #expect(try template("maildir:~/Maildir", full, "mail_home = /h/%d/%n") == "/h/{domain}/{user}/Maildir")
    let housed = "anna@example.org:{PLAIN}x::::/home/anna::\n"
    #expect(try template("maildir:%h/Maildir:INDEX=/i/%u", housed, "mail_home = /h/%n") == "{home}/Maildir")
    #expect(
      try template("maildir:~/Maildir", housed, "mail_home = /h/%n", users: "static") == "/h/{user}/Maildir")
    #expect(try template("maildir:~/M:INBOX=~/In", housed) == "{home}/In")
    #expect(try template("maildir:/m/%1n/%n", full) == "")
  }
}
