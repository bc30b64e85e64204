import Foundation
import Testing

/// Tests Maildirs as nobody would make them, and messages as nobody would send them.
struct FaultMailTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// The number of octets of a message that curl receives.
  private func octets(of message: Int) throws -> Int? {
    let url = "pop3://\(workspace.address):\(Workspace.port)/\(message)"
    let curl = try workspace.run("sh", ["-c", "curl -s -u anna:\(Workspace.secret) \(url) | wc -c"])
    return Int(curl.output.dropLast())
  }

  @Test func `a message of more than two gigabytes`() throws {
    let name = workspace.maildir() / "new/1.M1P1.host"
    try Data("Subject: big\n\n".utf8).write(to: name)
    let size = 1 << 31 + 5
    #expect(truncate(name.path, off_t(size)) == 0)
    let server = try Server(workspace)
    let client = try server.loggedIn()
    // The two LFs, and the end of the last line.
    #expect(try client.command("STAT") == "+OK 1 \(size + 4)")
    #expect(try client.command("LIST 1") == "+OK 1 \(size + 4)")
    try client.ok("TOP 1 0")
    #expect(try client.body() == Array("Subject: big\r\n\r\n".utf8))
    try client.ok("QUIT")
    let received = try octets(of: 1)
    #expect(received == size + 4)
    try server.stop()
  }

  @Test func `one line of a hundred megabytes, and a command that is as long`() throws {
    try workspace.deliver(Array(repeating: 0x2E, count: 100 << 20), as: "1.M1P1.host")
    let server = try Server(workspace)
    let before = try server.residentBytes()
    let received = try octets(of: 1)
    #expect(received == 100 << 20 + 2)
    let client = try server.loggedIn()
    for _ in 0..<100 { try client.send(Array(repeating: 0x78, count: 1 << 20)) }
    try client.send("\r\nNOOP\r\n")
    #expect(try client.line() == "-ERR line is too long")
    #expect(try client.line().hasPrefix("+OK"))
    let growth = try server.residentBytes() - before
    #expect(growth < 16 << 20, "grew by \(growth >> 10) KiB")
    try client.ok("QUIT")
    try server.stop()
  }

  @Test func `names of any bytes, and what is not a message`() throws {
    let maildir = workspace.maildir().path
    var expected: [String] = []
    for byte in UInt8.min...UInt8.max where byte != 0 && byte != 0x2F && byte != 0x2E {
      let path = Array("\(maildir)/\(byte % 2 == 0 ? "new" : "cur")/".utf8) + [byte, 0x61]
      try Self.create(path, content: "\(byte)\n")
      expected.append("\(byte)\r\n")
    }
    mkdir(maildir + "/new/directory", 0o700)
    mkfifo(maildir + "/new/fifo", 0o600)
    symlink("/etc/passwd", maildir + "/cur/link")
    try Self.create(Array("\(maildir)/new/.hidden".utf8), content: "hidden\n")

    let server = try Server(workspace)
    for _ in 0..<2 {
      let client = try server.loggedIn()
      try client.ok("UIDL")
      let ids = String(decoding: try client.body(), as: UTF8.self).split(separator: "\r\n")
      #expect(ids.count == expected.count)
      let words = ids.map { $0.split(separator: " ", omittingEmptySubsequences: false) }
      #expect(words.allSatisfy { $0.count == 2 && (1...70).contains($0[1].utf8.count) })
      #expect(words.allSatisfy { $0[1].utf8.allSatisfy { (0x21...0x7E).contains($0) } })
      #expect(Set(words.map { $0[1] }).count == expected.count)
      let contents = try (1...ids.count).map { String(decoding: try client.retrieve($0), as: UTF8.self) }
      #expect(contents.sorted() == expected.sorted())
      // This marks them as seen: the second time all have different names.
      try client.ok("QUIT")
    }
    let client = try server.loggedIn()
    for number in 1...expected.count { try client.ok("DELE \(number)") }
    try client.ok("QUIT")
    let left = try ["new", "cur"].flatMap {
      try FileManager.default.contentsOfDirectory(atPath: "\(maildir)/\($0)")
    }
    #expect(left.sorted() == [".hidden", "directory", "fifo", "link"])
    try server.stop()
  }

  private static func create(_ path: [UInt8], content: String) throws {
    let descriptor = (path + [0]).map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { name in
      name.baseAddress.map { open($0, O_WRONLY | O_CREAT | O_EXCL, 0o600) } ?? -1
    }
    guard descriptor >= 0 else { throw Failure("cannot create \(path)") }
    defer { close(descriptor) }
    guard write(descriptor, content, content.utf8.count) == content.utf8.count else {
      throw Failure("cannot write")
    }
  }

  @Test func `files and dangling links where folders belong`() throws {
    let server = try Server(workspace)
    for make in [
      { (path: String) in FileManager.default.createFile(atPath: path, contents: nil) },
      { symlink("/nowhere", $0) == 0 }, { mkfifo($0, 0o600) == 0 },
    ] {
      for folder in ["new", "cur"] {
        let path = (workspace.maildir() / folder).path
        try FileManager.default.removeItem(atPath: path)
        #expect(make(path))
        #expect(try server.greeted().logIn() == "-ERR [SYS/PERM] mailbox cannot be opened")
        try FileManager.default.removeItem(atPath: path)
        mkdir(path, 0o700)
        try server.loggedIn().ok("QUIT")
      }
    }
    #expect(try server.greeted().logIn("berta").hasPrefix("+OK"))
    try server.stop()
  }

  @Test func `messages that vanish and become directories between LIST and RETR`() throws {
    for number in 1...4 { try workspace.deliver("\(number)\n", as: "\(number).M1P1.host") }
    let server = try Server(workspace)
    let client = try server.loggedIn()
    try client.ok("LIST")
    _ = try client.body()
    let folder = workspace.maildir() / "new"
    for number in 1...2 { try FileManager.default.removeItem(at: folder / "\(number).M1P1.host") }
    mkdir((folder / "2.M1P1.host").path, 0o700)
    // The message is rewritten, which no mail program does: the announced size is wrong.
    try Data("longer than before\n".utf8).write(to: folder / "3.M1P1.host")
    for number in 1...2 {
      #expect(try client.command("RETR \(number)") == "-ERR message was removed by another program")
    }
    #expect(try client.command("RETR 3") == "+OK 20 octets")
    #expect(try client.body() == Array("longer than before\r\n".utf8))
    #expect(try client.command("LIST 3") == "+OK 3 3")
    #expect(try client.retrieve(4) == Array("4\r\n".utf8))
    for number in [1, 4] { try client.ok("DELE \(number)") }
    try client.ok("QUIT")
    #expect(try server.loggedIn().command("STAT") == "+OK 1 20")
    try server.stop()
  }

  @Test func `a message that somebody goes on changing`() throws {
    for number in 1...2 { try workspace.deliver("\(number)\n", as: "\(number).M1P1.host") }
    let server = try Server(workspace)
    let client = try server.loggedIn()
    let path = (workspace.maildir() / "new/1.M1P1.host").path
    let writer = try Command(
      "sh", ["-c", "while echo more; do sleep 0.1; done >>'\(path)'"], directory: workspace.directory)
    try eventually("it is changed") {
      try Data(contentsOf: URL(filePath: path)).count > 2 ? true : nil
    }
    for command in ["RETR 1", "TOP 1 0"] {
      #expect(
        try client.command(command) == "-ERR [SYS/TEMP] message was changed by another program just now")
    }
    #expect(try client.retrieve(2) == Array("2\r\n".utf8))
    writer.signal(SIGKILL)
    try writer.wait()
    // More commands may follow RETR, which waits for a while.
    try client.send("RETR 1\r\nTOP 1 0\r\nDELE 1\r\nQUIT\r\n")
    let octets = try Data(contentsOf: URL(filePath: path)).reduce(0) { $0 + ($1 == 0x0A ? 2 : 1) }
    #expect(try client.line() == "+OK \(octets) octets")
    #expect(try client.body().count == octets)
    #expect(try client.line().hasPrefix("+OK"))
    #expect(try client.body().count == octets)
    #expect(try client.line().hasPrefix("+OK") && client.line().hasPrefix("+OK"))
    #expect(try workspace.messages().count == 1)
    try server.stop()
  }

  @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
  func `messages that the server's user may not read`() throws {
    try workspace.deliver("one\n", as: "1.M1P1.host")
    try workspace.deliver("two\n", as: "2.M1P1.host")
    try workspace.writeConfig(server: ["user: nobody", "drain_timeout: 0s"])
    _ = try workspace.run("chown", ["-R", "nobody", workspace.directory.path])
    _ = try workspace.run("chmod", ["0", (workspace.maildir() / "new/1.M1P1.host").path])
    let server = try Server(workspace)
    let client = try server.loggedIn()
    #expect(try client.command("RETR 1") == "-ERR [SYS/PERM] message cannot be read")
    #expect(try client.retrieve(2) == Array("two\r\n".utf8))
    try client.ok("QUIT")
    _ = try workspace.run("chmod", ["0", workspace.maildir("berta").path])
    #expect(try server.greeted().logIn("berta") == "-ERR [SYS/PERM] mailbox cannot be opened")
    // The client cannot be told more, but the administrator is.
    try eventually("the reason in the log") {
      server.log.contains("\"message\":\"cannot open a mailbox\",\"reason\":\"cannot open ") ? true : nil
    }
    try server.stop()
  }
}

extension Server {
  fileprivate func residentBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
    guard let line = status.firstMatch(of: /VmRSS:\s+(\d+) kB/), let count = Int(line.1) else {
      throw Failure("no VmRSS")
    }
    return count << 10
  }
}
