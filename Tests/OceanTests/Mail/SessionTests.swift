import Foundation
import TestSupport
import Testing

/// Tests sessions over the wire, and what they leave in the Maildir.
struct SessionTests {
  let workspace: Workspace
  let server: Server

  init() throws {
    workspace = try Workspace()
    for number in 1...3 {
      try workspace.deliver("Subject: \(number)\n\nbody of \(number)\n", as: "\(number).M1P1.host")
    }
    server = try Server(workspace)
  }

  @Test func `user part and full address are one mailbox, which one session has at a time`() throws {
    let first = try server.loggedIn("anna")
    let second = try server.greeted()
    #expect(try second.logIn("Anna@Example.org") == "-ERR [IN-USE] mailbox is in use by another session")
    #expect(try server.greeted().logIn("berta").hasPrefix("+OK 0 messages"))
    // The reply to QUIT means that the next session gets in, whether there was something to remove or not.
    try first.ok("QUIT")
    #expect(try second.logIn("anna@example.org").hasPrefix("+OK 3 messages"))
    try second.ok("DELE 2")
    try second.ok("QUIT")
    for _ in 0..<50 {
      let client = try server.greeted()
      #expect(try client.logIn().hasPrefix("+OK 2 messages"))
      try client.ok("RETR 1")
      _ = try client.body()
      try client.ok("QUIT")
    }
    try server.stop()
  }

  @Test func `mail that arrives during a session is for the next one`() throws {
    let client = try server.loggedIn()
    #expect(try client.command("STAT").hasPrefix("+OK 3 "))
    try workspace.deliver("Subject: 0\n\nearlier name, later mail\n", as: "0.M1P1.host")
    #expect(try client.command("STAT").hasPrefix("+OK 3 "))
    #expect(try client.retrieve(1) == Array("Subject: 1\r\n\r\nbody of 1\r\n".utf8))
    #expect(try client.command("RETR 4") == "-ERR no such message")
    try client.ok("QUIT")
    #expect(try server.loggedIn().command("STAT").hasPrefix("+OK 4 "))
    try server.stop()
  }

  @Test func `RETR marks a message as seen, TOP does not`() throws {
    let client = try server.loggedIn()
    _ = try client.retrieve(1)
    try client.ok("TOP 2 100")
    _ = try client.body()
    try client.ok("QUIT")
    #expect(
      try workspace.messages().keys.sorted() == ["cur/1.M1P1.host:2,S", "new/2.M1P1.host", "new/3.M1P1.host"])
    try server.stop()
  }

  enum Ending: CaseIterable {
    case drop, reset, halfClose, mistypedQuit, kill
  }

  @Test(arguments: Ending.allCases)
  func `without QUIT nothing is removed`(ending: Ending) throws {
    let client = try server.loggedIn()
    for number in 1...3 { try client.ok("DELE \(number)") }
    switch ending {
    case .drop:
      client.close()
    case .reset:
      client.reset()
    case .halfClose:
      client.closeSending()
      #expect(try client.rest() == "")
    case .mistypedQuit:
      #expect(try client.command("QUIT now").hasPrefix("-ERR"))
      try client.send("QUIT")
      client.closeSending()
      #expect(try client.rest() == "")
    case .kill:
      server.process.signal(SIGKILL)
      #expect(try server.process.wait() == .signalled(SIGKILL))
      #expect(try workspace.messages().count == 3)
      return
    }
    let line = try server.accessLogLine { $0["event"] as? String == "session" }
    #expect(line["deleted"] as? Int == 0 && line["outcome"] as? String == "dropped")
    #expect(try server.loggedIn().command("STAT").hasPrefix("+OK 3 "))
    #expect(try workspace.messages().count == 3)
    try server.stop()
  }

  @Test func `a whole session in one segment`() throws {
    let client = try server.client()
    try client.send(
      "USER anna\r\nPASS \(Workspace.secret)\r\nSTAT\r\nRETR 1\r\nDELE 2\r\nLIST\r\nRETR 2\r\nNOOP\r\nQUIT\r\nSTAT\r\n"
    )
    client.closeSending()
    #expect(
      try client.rest() == """
        +OK mail.example.org POP3 server ready\r
        +OK send the password\r
        +OK 3 messages (75 octets)\r
        +OK 3 75\r
        +OK 25 octets\r
        Subject: 1\r
        \r
        body of 1\r
        .\r
        +OK message is deleted\r
        +OK 2 messages (50 octets)\r
        1 25\r
        3 25\r
        .\r
        -ERR message is deleted\r
        +OK nothing done\r
        +OK bye\r

        """)
    #expect(try workspace.messages().keys.sorted() == ["cur/1.M1P1.host:2,S", "new/3.M1P1.host"])
    try server.stop()
  }

  @Test func `a session sent octet by octet`() throws {
    let client = try server.client()
    for octet in "USER anna\r\nPASS \(Workspace.secret)\r\nDELE 1\r\nQUIT\r\n".utf8 {
      try client.send([octet])
    }
    #expect(try client.rest().hasSuffix("+OK message is deleted\r\n+OK bye\r\n"))
    try server.stop()
  }

  @Test func `messages that other programs touch`() throws {
    let client = try server.loggedIn()
    try FileManager.default.removeItem(at: workspace.maildir() / "new/1.M1P1.host")
    try FileManager.default.moveItem(
      at: workspace.maildir() / "new/2.M1P1.host", to: workspace.maildir() / "cur/2.M1P1.host:2,RS")
    #expect(try client.command("RETR 1") == "-ERR message was removed by another program")
    #expect(try client.retrieve(2) == Array("Subject: 2\r\n\r\nbody of 2\r\n".utf8))
    for number in 1...2 { try client.ok("DELE \(number)") }
    try client.ok("QUIT")
    #expect(try workspace.messages().keys.sorted() == ["new/3.M1P1.host"])
    try server.stop()
  }

  @Test func `UIDLs outlive restarts and flags`() throws {
    func ids() throws -> [UInt8] {
      let client = try server.loggedIn()
      try client.ok("UIDL")
      let ids = try client.body()
      try client.ok("QUIT")
      return ids
    }
    let before = try ids()
    let client = try server.loggedIn()
    _ = try client.retrieve(2)
    try client.ok("QUIT")
    #expect(try ids() == before)
    try server.stop()
    let second = try Server(workspace)
    let again = try second.loggedIn()
    try again.ok("UIDL")
    #expect(try again.body() == before)
    try second.stop()
  }

  @Test func `a client that asks for much and reads nothing costs little and hinders nobody`() throws {
    try workspace.deliver(Array(repeating: UInt8(ascii: "."), count: 1 << 20), as: "4.M1P1.host", to: "berta")
    let before = try residentBytes()
    let greedy = try server.client(receiveBuffer: 4096)
    _ = try greedy.line()
    _ = try greedy.logIn("berta")
    // Another thread sends: once the server has enough, the kernel keeps this client from sending more.
    let sender = greedy.sendInBackground(String(repeating: "RETR 1\r\n", count: 2000))

    let start = ContinuousClock.now
    for _ in 0..<20 {
      let client = try server.loggedIn()
      #expect(try client.retrieve(1).count == 25)
      try client.ok("QUIT")
    }
    #expect(ContinuousClock.now - start < .seconds(5))
    let growth = try residentBytes() - before
    #expect(growth < 8 << 20, "grew by \(growth >> 10) KiB")

    // What the client gets when it reads at last is in order.
    let message = String(repeating: ".", count: 1 << 20)
    for _ in 0..<3 {
      #expect(try greedy.line() == "+OK 1048578 octets")
      #expect(try greedy.body() == Array((message + "\r\n").utf8))
    }
    greedy.reset()
    sender.join()
    try server.stop()
  }

  private func residentBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(server.process.pid)/status", encoding: .utf8)
    let line = try #require(status.firstMatch(of: /VmRSS:\s+(\d+) kB/))
    return (Int(line.1) ?? 0) << 10
  }

  @Test func `random octets hurt nobody else`() throws {
    let bystander = try server.loggedIn()
    var random = SeededGenerator(seed: 0x0cea_0001)
    for round in 0..<60 {
      let client = try server.greeted()
      if round % 2 == 0 { _ = try client.logIn("berta") }
      var noise: [UInt8] = []
      for _ in 0..<Int(random.next() % 400) {
        switch random.next() % 4 {
        case 0:
          noise +=
            ["RETR ", "TOP 1 ", "LIST ", "DELE ", "USER ", "PASS ", "CAPA", "UIDL 1"].randomElement(
              using: &random)?.utf8.map { $0 } ?? []
        case 1: noise += [13, 10]
        default: noise.append(UInt8(truncatingIfNeeded: random.next()))
        }
      }
      try client.send(noise)
      if round % 3 == 0 { client.reset() } else { client.close() }
      if round % 10 == 0 { #expect(try bystander.command("STAT").hasPrefix("+OK 3 ")) }
    }
    #expect(try bystander.retrieve(3) == Array("Subject: 3\r\n\r\nbody of 3\r\n".utf8))
    try bystander.ok("QUIT")
    try eventually("the other mailbox is free") {
      try server.greeted().logIn("berta").hasPrefix("+OK") ? true : nil
    }
    try server.stop()
  }
}
