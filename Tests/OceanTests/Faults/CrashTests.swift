import Foundation
import TestSupport
import Testing

/// Tests that a kill at any moment loses no mail.
struct CrashTests {
  @Test func `kill in the middle of UPDATE`() throws {
    let workspace = try Workspace()
    var random = SeededGenerator(seed: 0x0cea_0002)
    var number = 0
    var interrupted = 0
    let rounds = 30
    var duration = 0.0
    for round in 0...rounds {
      // Each message has a size of its own, which identifies it in a list.
      for _ in try workspace.messages().count..<400 {
        number += 1
        try workspace.deliver("\n" + String(repeating: "x", count: number) + "\n", as: "\(number).M1P1.host")
      }
      let before = Set(try workspace.messages().values)
      #expect(before.count == 400)

      let server = try Server(workspace)
      let client = try server.loggedIn()
      try client.ok("LIST")
      let sizes = String(decoding: try client.body(), as: UTF8.self).split(separator: "\r\n")
        .compactMap { Int($0.split(separator: " ")[1]) }
      let order = (1...400).shuffled(using: &random)
      let (deleted, retrieved) = (order[..<150], order[150..<200])
      try client.send(retrieved.map { "RETR \($0)\r\n" }.joined() + deleted.map { "DELE \($0)\r\n" }.joined())
      for _ in retrieved {
        #expect(try client.line().hasPrefix("+OK"))
        _ = try client.body()
      }
      for _ in deleted { #expect(try client.line().hasPrefix("+OK")) }
      try client.send("QUIT\r\n")
      // The first round is not killed, and shows how long one takes.
      if round == 0 {
        let start = ContinuousClock.now
        #expect(try client.line() == "+OK bye")
        duration = (ContinuousClock.now - start) / .microseconds(1)
        try server.stop()
      } else {
        usleep(UInt32(Double.random(in: 0...1.1, using: &random) * duration))
        server.process.signal(SIGKILL)
        try server.process.wait()
      }

      let after = Set(try workspace.messages().values)
      #expect(after.isSubset(of: before), "a message has changed")
      let lost = Set(before.subtracting(after).map { $0.count + 2 })
      let removable = Set(deleted.map { sizes[$0 - 1] })
      #expect(lost.isSubset(of: removable), "a message is gone that nobody deleted")
      if !lost.isEmpty, lost.count < removable.count { interrupted += 1 }
      if round == 0 { #expect(lost == removable) }
    }
    print("UPDATE was interrupted half-way in \(interrupted) of \(rounds) rounds")
  }
}
